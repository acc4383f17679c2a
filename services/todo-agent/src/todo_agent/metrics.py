"""Prometheus metrics of the api."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "todo_agent_requests_total", "ChatKit requests by type and outcome.", ["type", "outcome"]
)
ACCEPT_SECONDS: Final = Histogram(
    "todo_agent_accept_seconds",
    "Seconds from a streaming request's arrival to its 202.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
QUEUED_RUNS: Final = Gauge(
    "todo_agent_queued_runs", "Runs of all users that wait for a worker, at most a second old."
)

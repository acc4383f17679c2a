"""Prometheus metrics that every service has; services add their own beside them."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS: Final = Counter(
    "todochat_http_requests_total", "Requests answered.", ["service", "method", "route", "status"]
)
HTTP_SECONDS: Final = Histogram(
    "todochat_http_request_seconds",
    "Seconds from a request's arrival to the start of its answer.",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ASYNCIO_TASKS: Final = Gauge(
    "todochat_asyncio_tasks", "Tasks of the event loop that have not ended, at this moment."
)
UPSTREAM_SECONDS: Final = Histogram(
    "todochat_upstream_request_seconds",
    "Seconds a call to another service took.",
    ["target", "method", "outcome"],
)

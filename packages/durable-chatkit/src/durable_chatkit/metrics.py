"""Prometheus metrics of the api and of workers, beside those every service has."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# Of the api.
REQUESTS: Final = Counter(
    "todochat_chatkit_requests_total", "ChatKit requests by type and outcome.", ["type", "outcome"]
)
ACCEPT_SECONDS: Final = Histogram(
    "todochat_run_accept_seconds",
    "Seconds from a streaming request's arrival to its 202.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
QUEUED_RUNS: Final = Gauge("todochat_queued_runs", "Runs of all users that wait for a worker.")
OLDEST_QUEUED_SECONDS: Final = Gauge(
    "todochat_oldest_queued_run_seconds", "Age of the oldest of them; 0 if there is none."
)
BUDGET_SPENT: Final = Gauge(
    "todochat_budget_spent_ratio",
    "Part of everybody's budget of this UTC day that is spent; of budgets that are set.",
    ["unit"],
)
SIGNALS_FAILED: Final = Counter(
    "todochat_signals_failed_total", "Signals to workers that Redis didn't take.", ["signal"]
)

# Of both.
BUDGET_REFUSALS: Final = Counter(
    "todochat_budget_refusals_total",
    "Messages and model calls refused since a daily budget is spent, by whose.",
    ["budget"],
)

# Of workers.
ACTIVE_RUNS: Final = Gauge("todochat_active_runs", "Runs that this worker drives.")
RUNS: Final = Counter("todochat_runs_total", "Runs that ended, by how.", ["status"])
RUN_FAILURES: Final = Counter(
    "todochat_run_failures_total", "Runs that ended as failed, by the error's code.", ["error"]
)
RUN_ATTEMPTS: Final = Counter(
    "todochat_run_attempts_total", "Claimed runs by how they left this worker.", ["outcome"]
)
TAKEOVERS: Final = Counter(
    "todochat_takeovers_total", "Runs claimed from a worker whose lease had ended: it died."
)
LOGS_DROPPED: Final = Counter(
    "todochat_run_logs_dropped_total",
    "Logs of ended runs that were dropped early, since their user was over the quota.",
)
RUN_SECONDS: Final = Histogram(
    "todochat_run_seconds",
    "Seconds from a run's acceptance to its end.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
WAIT_SECONDS: Final = Histogram(
    "todochat_run_wait_seconds",
    "Seconds from a run's acceptance to its first claim.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MODEL_SECONDS: Final = Histogram(
    "todochat_model_call_seconds",
    "Seconds from asking the model to the end of its answer.",
    ["model", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
FIRST_TOKEN_SECONDS: Final = Histogram(
    "todochat_model_first_token_seconds",
    "Seconds from asking the model to the first thing it says or calls.",
    ["model"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MODEL_TOKENS: Final = Counter(
    "todochat_model_tokens_total",
    "Tokens of finished model answers; `cached` ones are some of `input`.",
    ["model", "kind"],
)
TOOL_CALLS: Final = Counter(
    "todochat_tool_calls_total", "Tool calls by what came of them.", ["tool", "outcome"]
)
TOOL_SECONDS: Final = Histogram(
    "todochat_tool_call_seconds",
    "Seconds that a tool worked.",
    ["tool"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

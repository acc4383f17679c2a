"""Prometheus metrics of the API and of workers, in addition to those of every service."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# API.
REQUESTS: Final = Counter(
    "todochat_chatkit_requests_total", "ChatKit requests by type and outcome.", ["type", "outcome"]
)
ACCEPT_SECONDS: Final = Histogram(
    "todochat_run_accept_seconds",
    "Seconds from a streaming request's arrival to its 202.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
QUEUED_RUNS: Final = Gauge("todochat_queued_runs", "Queued runs of all users.")
OLDEST_QUEUED_SECONDS: Final = Gauge(
    "todochat_oldest_queued_run_seconds", "Age of the oldest queued run; 0 if there is none."
)
BUDGET_SPENT: Final = Gauge(
    "todochat_budget_spent_ratio",
    "Spent share of the global budgets of this UTC day, for each budget that is set.",
    ["unit"],
)
SIGNALS_FAILED: Final = Counter(
    "todochat_signals_failed_total", "Signals to workers that Redis did not accept.", ["signal"]
)

# API and workers.
BUDGET_REFUSALS: Final = Counter(
    "todochat_budget_refusals_total",
    "Messages and model calls rejected because a daily budget is used up, by scope of the budget.",
    ["budget"],
)

# Workers.
ACTIVE_RUNS: Final = Gauge("todochat_active_runs", "Runs that this worker is driving.")
RUNS: Final = Counter("todochat_runs_total", "Ended runs by status.", ["status"])
RUN_FAILURES: Final = Counter(
    "todochat_run_failures_total", "Failed runs by error code.", ["error"]
)
RUN_ATTEMPTS: Final = Counter(
    "todochat_run_attempts_total", "Claimed runs by the outcome on this worker.", ["outcome"]
)
TAKEOVERS: Final = Counter(
    "todochat_takeovers_total",
    "Runs claimed after the lease of another, presumably dead worker had expired.",
)
REPLAY_MISMATCHES: Final = Counter(
    "todochat_replay_mismatches_total",
    "Runner calls whose recorded steps didn't fit the code or state of a later attempt.",
)
LOGS_DROPPED: Final = Counter(
    "todochat_run_logs_dropped_total",
    "Logs of ended runs that were dropped early because their user exceeded the quota.",
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
    "Seconds from a model call to the end of its response.",
    ["model", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
FIRST_TOKEN_SECONDS: Final = Histogram(
    "todochat_model_first_token_seconds",
    "Seconds from a model call to its first text or tool call.",
    ["model"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MODEL_TOKENS: Final = Counter(
    "todochat_model_tokens_total",
    "Tokens of finished model calls; `input` includes `cached`.",
    ["model", "kind"],
)
TOOL_CALLS: Final = Counter(
    "todochat_tool_calls_total", "Tool calls by outcome.", ["tool", "outcome"]
)
TOOL_SECONDS: Final = Histogram(
    "todochat_tool_call_seconds",
    "Seconds per tool call.",
    ["tool"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

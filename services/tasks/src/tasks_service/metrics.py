"""Prometheus metrics of this service, in addition to those of every service."""

from typing import Final

from prometheus_client import Counter, Gauge

EVENT_STREAMS: Final = Gauge("todochat_task_feeds", "Open change feeds.")
CHANGES: Final = Counter("todochat_task_changes_total", "Committed changes, by actor.", ["actor"])
REPLAYS: Final = Counter(
    "todochat_task_replays_total", "Responses replayed for an Idempotency-Key."
)
PURGED: Final = Counter(
    "todochat_task_purged_rows_total", "Expired rows deleted, by kind.", ["kind"]
)
REMINDERS_FIRED: Final = Counter("todochat_task_reminders_fired_total", "Reminders that fired.")
DELIVERIES: Final = Counter(
    "todochat_task_deliveries_total",
    "Attempts to deliver fired reminders, by channel and outcome.",
    ["channel", "outcome"],
)

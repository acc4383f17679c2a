"""Prometheus metrics of this service, beside those every service has."""

from typing import Final

from prometheus_client import Counter, Gauge

EVENT_STREAMS: Final = Gauge("todochat_task_feeds", "Change feeds that are open.")
CHANGES: Final = Counter(
    "todochat_task_changes_total", "Changes that were committed, by who made them.", ["actor"]
)
REPLAYS: Final = Counter(
    "todochat_task_replays_total", "Answers replayed under an Idempotency-Key."
)
PURGED: Final = Counter(
    "todochat_task_purged_rows_total", "Rows deleted after their time.", ["kind"]
)

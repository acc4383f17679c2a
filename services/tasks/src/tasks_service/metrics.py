"""Prometheus metrics of this service, beside those every service has."""

from typing import Final

from prometheus_client import Counter, Gauge

EVENT_STREAMS: Final = Gauge("tasks_event_streams", "Change feeds that are open.")
CHANGES: Final = Counter("tasks_changes_total", "Changes that were committed.", ["actor"])
REPLAYS: Final = Counter("tasks_replays_total", "Answers replayed under an Idempotency-Key.")
PURGED: Final = Counter("tasks_purged_rows_total", "Rows deleted after their time.", ["kind"])

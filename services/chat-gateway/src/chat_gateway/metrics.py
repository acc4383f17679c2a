"""What the gateway counts, beside what every service counts."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SSE_CONNECTIONS: Final = Gauge("chat_gateway_sse_connections", "Streams that are open now.")
STREAMS_ENDED: Final = Counter(
    "chat_gateway_streams_ended_total", "Streams that ended, by what ended them.", ["cause"]
)
RESUMES: Final = Counter(
    "chat_gateway_resumes_total", "Requests to attach to a run, by what came of them.", ["outcome"]
)
FIRST_EVENT_SECONDS: Final = Histogram(
    "chat_gateway_first_event_seconds",
    "Seconds from a request's arrival to its first frame.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REJECTIONS: Final = Counter(
    "chat_gateway_rejections_total", "Requests refused, by the problem's code.", ["code"]
)
ABANDONED: Final = Counter(
    "chat_gateway_abandoned_runs_total", "Runs cancelled because nobody was watching them."
)

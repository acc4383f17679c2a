"""What the gateway counts, beside what every service counts."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SSE_CONNECTIONS: Final = Gauge("todochat_open_streams", "Streams that are open now.")
STREAMS_ENDED: Final = Counter(
    "todochat_streams_ended_total", "Streams that ended, by what ended them.", ["cause"]
)
RESUMES: Final = Counter(
    "todochat_resumes_total", "Requests to attach to a run, by what came of them.", ["outcome"]
)
FIRST_FRAME_SECONDS: Final = Histogram(
    "todochat_first_frame_seconds",
    "Seconds from a request's arrival to the first frame sent: of a new turn, or of an attach.",
    ["request"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REJECTIONS: Final = Counter(
    "todochat_chat_refusals_total", "Requests refused, by the problem's code.", ["code"]
)
ABANDONED: Final = Counter(
    "todochat_abandoned_runs_total", "Runs cancelled because nobody was watching them."
)
RELAYED_FRAMES: Final = Counter(
    "todochat_relayed_frames_total", "Frames of runs that were sent to viewers."
)
RELAYED_BYTES: Final = Counter("todochat_relayed_bytes_total", "Bytes of them.")

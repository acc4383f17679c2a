"""The gateway's own metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SSE_CONNECTIONS: Final = Gauge("todochat_open_streams", "Open streams.")
STREAMS_ENDED: Final = Counter("todochat_streams_ended_total", "Ended streams by cause.", ["cause"])
RESUMES: Final = Counter(
    "todochat_resumes_total", "Requests to attach to a run by outcome.", ["outcome"]
)
FIRST_FRAME_SECONDS: Final = Histogram(
    "todochat_first_frame_seconds",
    "Seconds from a request's arrival to its first frame, for new turns and for attach requests.",
    ["request"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REJECTIONS: Final = Counter(
    "todochat_chat_refusals_total", "Refused requests by problem code.", ["code"]
)
ABANDONED: Final = Counter(
    "todochat_abandoned_runs_total", "Runs cancelled because no client watched them."
)
RELAYED_FRAMES: Final = Counter("todochat_relayed_frames_total", "Frames relayed to viewers.")
RELAYED_BYTES: Final = Counter("todochat_relayed_bytes_total", "Bytes relayed to viewers.")

"""A viewer: one open stream of a run."""

import asyncio
from dataclasses import dataclass, field

from chat_gateway.streams.stream_format import StreamFormat
from todochat.identity.tokens import Identity


@dataclass(eq=False, kw_only=True, slots=True)
class StreamViewer:
    """A client that watches a run.

    Attributes:
        viewer_id: also names its slot among the user's open streams.
        after: the last seq the client has received.
        active: the api reported the run as active, so Redis may learn of it a little later.
        is_resumable: the client sent `X-Resumable: 1` or attached, so it may return after it
            disconnects.
        can_reattach: it can continue at another gateway, so it must when this one drains.
        started_at: `time.perf_counter()` at the request's arrival.
        replayed: the run is that of an earlier request with the same Idempotency-Key.
        is_attached: the client attached to a run that it knew, instead of starting one.
        has_left: its stream is closed, so its leases must not be renewed.
        close_reason: done when the gateway wants the stream closed; its result is the last event.
    """

    viewer_id: str
    identity: Identity
    run_id: str
    thread_id: str
    after: int
    active: bool
    stream_format: StreamFormat
    is_resumable: bool
    can_reattach: bool
    started_at: float
    conversation_id: int | None = None
    replayed: bool = False
    is_attached: bool = False
    has_left: bool = False
    close_reason: "asyncio.Future[bytes]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def close(self, last_event: bytes) -> None:
        """End the stream with this event; calls after the first are no-ops."""
        if not self.close_reason.done():
            self.close_reason.set_result(last_event)

"""One open stream."""

import asyncio
from dataclasses import dataclass, field

from chat_gateway.streams.stream_format import StreamFormat
from todochat.identity.tokens import Identity


@dataclass(eq=False, kw_only=True, slots=True)
class Viewer:
    """Somebody who watches a run.

    Attributes:
        viewer_id: also the name of its place among the user's open streams.
        after: the last seq the client has seen.
        active: the api said that the run goes on, so Redis may know it a little later.
        is_resumable: the client sent `X-Resumable: 1` or attached, so it may come back after it
            disconnects.
        can_resume: it can go on elsewhere, so it is asked to when this gateway drains.
        began: `time.perf_counter()` at the request's arrival.
        has_left: its stream is closed, so nobody may renew its leases.
        replayed: the run is that of an earlier request with the same Idempotency-Key.
        is_attached: the client asked for a run that it knew, not for a new one.
    """

    viewer_id: str
    identity: Identity
    run_id: str
    thread_id: str
    after: int
    active: bool
    stream_format: StreamFormat
    is_resumable: bool
    can_resume: bool
    began: float
    conversation_id: int | None = None
    replayed: bool = False
    is_attached: bool = False
    has_left: bool = False
    _farewell: "asyncio.Future[bytes]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def close_reason(self) -> "asyncio.Future[bytes]":
        """Done when the gateway wants the stream closed; its result is the last thing said."""
        return self._farewell

    def close(self, close_reason: bytes) -> None:
        """Have the stream end with these words; the first call counts."""
        if not self._farewell.done():
            self._farewell.set_result(close_reason)

"""The queue of frames of one claimed run that are not in Redis yet.

Its writer fills it, the publisher's flush task empties it. An entry without a reply is resent
unchanged, so that the script can detect the duplicate.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from todochat.bus.keys import live_channel, log_key, meta_key


class QueueEntry(msgspec.Struct, frozen=True):
    """One append: frames `first` to `last`; `status` is set for the end marker."""

    first: int
    last: int
    data: bytes
    status: str = ""


class FrameQueue:
    """Frames of one claim in order; the writer enforces the bound by waiting.

    Args:
        claim: the nonce of the claim, the second half of the fence.
        when_full: frames are written even if Redis is out of memory.
        on_ready: called when the queue stops being empty.
    """

    def __init__(
        self,
        run_id: str,
        attempt: int,
        claim: str,
        on_ready: Callable[["FrameQueue"], None],
        *,
        when_full: bool = False,
    ) -> None:
        self.run_id = run_id
        self.attempt = attempt
        self.claim = claim
        self.when_full = when_full
        self.keys = (meta_key(run_id), log_key(run_id), live_channel(run_id))
        self.seq = 0
        self.sent_seq = 0
        self.failure: BaseException | None = None
        self.failing_since: float | None = None
        self._on_ready = on_ready
        self._frames: deque[bytes] = deque()
        self._end: QueueEntry | None = None
        self._in_flight: QueueEntry | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def begin(self, seq: int) -> None:
        """Set the last `seq` in the log, as the claim found it."""
        self.seq = self.sent_seq = seq

    @property
    def unsent(self) -> int:
        """Number of frames that are not known to be in the log."""
        return self.seq - self.sent_seq

    def put(self, frame: bytes) -> None:
        """Add the frame with the next `seq`."""
        idle = self.unsent == 0
        self.seq += 1
        self._frames.append(frame)
        if idle:
            self._on_ready(self)

    def put_end(self, frame: bytes, status: str) -> None:
        """Add the end marker; it is sent as a separate entry."""
        idle = self.unsent == 0
        self.seq += 1
        self._end = QueueEntry(self.seq, self.seq, frame, status)
        if idle:
            self._on_ready(self)

    def next_size(self) -> int:
        """Return the minimum size in bytes of the next entry."""
        if self._in_flight is not None:
            return len(self._in_flight.data)
        return len(self._frames[0]) if self._frames else 0

    def next_entry(self, max_bytes: int) -> QueueEntry:
        """Return the next entry to send: up to `max_bytes` of frames, but at least one."""
        if self._in_flight is None:
            self._in_flight = self._build_entry(max_bytes)
        return self._in_flight

    def mark_sent(self, entry: QueueEntry) -> None:
        """Record that an entry is in the log."""
        self._in_flight = None
        self.failing_since = None
        self.sent_seq = entry.last
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Close the queue: drop unsent frames; the writer raises `error`."""
        if self.failure is None:
            self.failure = error
        self._frames.clear()
        self._wake()

    async def wait_progress(self) -> None:
        """Wait until an entry was sent or failed.

        Returns within the publisher's retry time, after which an entry has failed.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _build_entry(self, max_bytes: int) -> QueueEntry:
        first = self.sent_seq + 1
        if not self._frames and self._end is not None:
            return self._end
        taken = [self._frames.popleft()]
        size = len(taken[0])
        while self._frames and size + len(self._frames[0]) <= max_bytes:
            size += len(self._frames[0])
            taken.append(self._frames.popleft())
        return QueueEntry(first, first + len(taken) - 1, b"".join(taken))

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

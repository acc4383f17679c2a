"""The frames of one claimed run on their way to Redis.

Its writer fills it, the publisher's flush task empties it. An entry that was sent and not
answered stays as it is and is sent again as it is, so the script can tell that it is there.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from todochat.bus.keys import live_channel, log_key, meta_key


class Entry(msgspec.Struct, frozen=True):
    """One append: frames `first` to `last`; `status` is set for the end marker."""

    first: int
    last: int
    data: bytes
    status: str = ""


class RunQueue:
    """A bounded queue's inside; the bound itself is kept by the writer, which waits.

    Args:
        claim: the nonce of the claim, the second half of the fence.
        when_full: frames are written even if Redis is out of memory.
        on_ready: called when there is something to send and nothing was before.
    """

    def __init__(
        self,
        run_id: str,
        attempt: int,
        claim: str,
        on_ready: Callable[["RunQueue"], None],
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
        self._end: Entry | None = None
        self._in_flight: Entry | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def begin(self, seq: int) -> None:
        """Note the last `seq` in the log, as the claim found it."""
        self.seq = self.sent_seq = seq

    @property
    def unsent(self) -> int:
        """Frames given and not known to be in the log."""
        return self.seq - self.sent_seq

    def put(self, frame: bytes) -> None:
        """Add the frame with the next `seq`."""
        idle = self.unsent == 0
        self.seq += 1
        self._frames.append(frame)
        if idle:
            self._on_ready(self)

    def put_end(self, frame: bytes, status: str) -> None:
        """Add the end marker; it is sent as an entry of its own."""
        idle = self.unsent == 0
        self.seq += 1
        self._end = Entry(self.seq, self.seq, frame, status)
        if idle:
            self._on_ready(self)

    def next_size(self) -> int:
        """Return the least bytes that `take` would return."""
        if self._in_flight is not None:
            return len(self._in_flight.data)
        return len(self._frames[0]) if self._frames else 0

    def take(self, room: int) -> Entry:
        """Return what to send now: up to `room` bytes of frames, but at least one."""
        if self._in_flight is None:
            self._in_flight = self._next_entry(room)
        return self._in_flight

    def landed(self, entry: Entry) -> None:
        """Note that an entry is in the log."""
        self._in_flight = None
        self.failing_since = None
        self.sent_seq = entry.last
        self._wake()

    def fail(self, error: BaseException) -> None:
        """End the queue: what is unsent will not be sent, the writer raises `error`."""
        if self.failure is None:
            self.failure = error
        self._frames.clear()
        self._wake()

    async def progress(self) -> None:
        """Wait until something landed or failed.

        Ends within the publisher's retry time: by then an entry has done one or the other.
        """
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _next_entry(self, room: int) -> Entry:
        first = self.sent_seq + 1
        if not self._frames and self._end is not None:
            return self._end
        taken = [self._frames.popleft()]
        size = len(taken[0])
        while self._frames and size + len(self._frames[0]) <= room:
            size += len(self._frames[0])
            taken.append(self._frames.popleft())
        return Entry(first, first + len(taken) - 1, b"".join(taken))

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

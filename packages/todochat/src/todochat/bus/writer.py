"""A worker's handle on a claimed run, and the queue of its frames that are not in Redis yet.

The writer fills the queue, the publisher's flush task empties it. An entry without a reply is resent
unchanged, so that the script can detect the duplicate.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from todochat.bus.errors import RunLogFullError
from todochat.bus.frames import (
    EndStatus,
    Frame,
    LogEntry,
    encode_end,
    encode_frame,
    parse_frames,
)
from todochat.bus.keys import live_channel, log_key, meta_key
from todochat.bus.limits import BusLimits


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


class RunWriter:
    """Publishes the frames of one run, in order, under one claim.

    Made by `RunPublisher.claim`. Frames are sent in the background; their errors are raised by
    the next call of any method, and by every later one:

    * `RunLostError`: a newer claim holds the run. Stop.
    * `RunUnclaimedError`: Redis lost the claim or the log; claim again (see the error).
    * `BusFullError`: Redis was out of memory for `full_s`; claim again with `when_full`
      and report it.
    * `BusUnavailableError`: Redis could not be reached for `retry_s`. Frames up to `sent_seq` are
      in the log; claim again later.
    """

    def __init__(
        self,
        queue: FrameQueue,
        limits: BusLimits,
        *,
        frames: int,
        size_bytes: int,
        ended: EndStatus | None,
    ) -> None:
        self._queue = queue
        self._limits = limits
        self._frames = frames
        self._bytes = size_bytes
        self._closing = False
        self._ended = ended

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._queue.run_id

    @property
    def attempt(self) -> int:
        """The attempt it was claimed for."""
        return self._queue.attempt

    @property
    def seq(self) -> int:
        """The last `seq` given to a frame."""
        return self._queue.seq

    @property
    def sent_seq(self) -> int:
        """The last `seq` known to be in the log; save it as the run's `seq_high`."""
        return self._queue.sent_seq

    @property
    def size_bytes(self) -> int:
        """Bytes of all appended frames, earlier attempts included."""
        return self._bytes

    @property
    def ended(self) -> EndStatus | None:
        """End status of the run, once its end marker was appended."""
        return self._ended

    async def append(self, data: bytes) -> int:
        """Append one ChatKit event.

        Args:
            data: its JSON, on one line.

        Returns:
            Its `seq`.

        Raises:
            RunLogFullError: the log is full. After the first rejection `closing_frames` more are
                accepted, so that the run can report why it ends.
            ValueError: `data` has a line break.
            RuntimeError: the run has ended.
        """
        while self._queue.failure is None and self._queue.unsent >= self._limits.max_unsent_frames:
            await self._queue.wait_progress()
        self._raise_failure()
        if self._ended is not None:
            msg = f"run {self.run_id} has ended"
            raise RuntimeError(msg)
        frame = encode_frame(self._queue.seq + 1, data)
        self._check_limits(len(frame))
        self._frames += 1
        self._bytes += len(frame)
        self._queue.put(frame)
        return self._queue.seq

    async def flush(self) -> None:
        """Wait until every appended frame is in the log."""
        target = self._queue.seq
        while self._queue.failure is None and self._queue.sent_seq < target:
            await self._queue.wait_progress()
        self._raise_failure()

    async def end(self, status: EndStatus) -> None:
        """Flush, write the end marker and let the log expire; no-op if it has ended."""
        if self._ended is None:
            self._raise_failure()
            self._ended = status
            self._queue.put_end(encode_end(self._queue.seq + 1, status), status)
        await self.flush()

    def _check_limits(self, size_bytes: int) -> None:
        limits = self._limits
        max_frames, max_bytes = limits.max_frames, limits.max_bytes
        if self._closing:
            max_frames += limits.closing_frames
            max_bytes += limits.closing_bytes
        if self._frames >= max_frames or self._bytes + size_bytes > max_bytes:
            self._closing = True
            msg = f"A run can have at most {limits.max_frames} events and {limits.max_bytes} bytes."
            raise RunLogFullError(msg)

    def _raise_failure(self) -> None:
        if self._queue.failure is not None:
            # Every later call raises the same error, each with a new traceback.
            raise self._queue.failure.with_traceback(None)


class ClaimedRun(msgspec.Struct, frozen=True):
    """A run claimed by this worker.

    Attributes:
        frames: the events in the log, oldest first, without markers.
        was_known: Redis had the run's meta, from its acceptance or an earlier claim.
        lost_log: earlier frames are in no log any more; viewers got `: snapshot`.
        ended: status of the end marker, if the log has one.
    """

    writer: RunWriter
    frames: list[Frame]
    was_known: bool
    lost_log: bool
    ended: EndStatus | None


def claimed_run(
    queue: FrameQueue, entries: list[LogEntry], limits: BusLimits, *, was_known: bool
) -> ClaimedRun:
    """Parse a claimed run's log and create its writer."""
    frames = [frame for entry in entries for frame in parse_frames(entry.data)]
    last = frames[-1] if frames else None
    ended = last.end if last else None
    writer = RunWriter(
        queue,
        limits,
        frames=len(frames),
        size_bytes=sum(len(entry.data) for entry in entries),
        ended=ended,
    )
    events = [frame for frame in frames if frame.data is not None]
    lost_log = last is not None and last.snapshot
    return ClaimedRun(writer, events, was_known=was_known, lost_log=lost_log, ended=ended)

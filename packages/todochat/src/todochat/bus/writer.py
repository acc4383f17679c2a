"""A worker's handle on a claimed run: it publishes the run's frames."""

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
from todochat.bus.limits import BusLimits
from todochat.bus.queue import FrameQueue


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

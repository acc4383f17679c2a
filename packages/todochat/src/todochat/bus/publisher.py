"""The worker's side of the bus: claims runs, and writes the frames of all in one flush task."""

import asyncio
import secrets
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Final, TypeVar, cast

import structlog
from redis.exceptions import (
    AskError,
    ClusterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from todochat.background import run_forever, stop_task
from todochat.bus.cluster import bus_connection
from todochat.bus.connection import Backoff
from todochat.bus.errors import (
    BusFullError,
    BusUnavailableError,
    RunLostError,
    RunUnclaimedError,
)
from todochat.bus.frames import LogEntry
from todochat.bus.keys import log_key, meta_key
from todochat.bus.limits import DEFAULT_LIMITS, BusLimits
from todochat.bus.pacer import FlushPacer
from todochat.bus.redis_client import RedisClient
from todochat.bus.reply_reader import Command
from todochat.bus.run_log import LogReader
from todochat.bus.scripts import APPEND, APPEND_WHEN_FULL, CLAIM, CLAIM_WHEN_FULL
from todochat.bus.writer import ClaimedRun, FrameQueue, QueueEntry, claimed_run
from todochat.faults import fault_point

_TRANSIENT: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ClusterDownError,
    TryAgainError,
    AskError,  # also MOVED
)
# redis-py has no classes for these: the disk is full, or too few replicas are reachable.
_REFUSES_WRITES: Final = ("MISCONF", "NOREPLICAS")

log = structlog.get_logger(__name__)


T = TypeVar("T")


class RunPublisher:
    """Writes the frames of all runs of a process.

    A flush sends the queued frames of all runs in one round trip. A single frame is sent
    immediately; under load flushes are spaced out, because most of a frame's cost here, in Redis
    and in the gateway is that of its round trip.
    """

    def __init__(self, redis: RedisClient, limits: BusLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._connection = bus_connection(redis, limits.call_timeout_s)
        self._ready: deque[FrameQueue] = deque()
        self._work = asyncio.Event()
        self._backoff = Backoff()
        self._pacer = FlushPacer(limits.flush_every_s, limits.flush_burst)
        self._has_backlog = False
        # Weak: a run whose worker has dropped it needs no entry.
        self._queues: weakref.WeakValueDictionary[str, FrameQueue] = weakref.WeakValueDictionary()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the flush task."""
        self._task = asyncio.create_task(self._run(), name="bus-publisher")

    async def aclose(self) -> None:
        """Stop; unflushed frames are dropped and their writers raise."""
        if self._task is not None:
            await stop_task(self._task)
            self._task = None
        await self._connection.aclose()

    async def claim(
        self,
        run_id: str,
        attempt: int,
        *,
        user_id: str,
        thread_id: str,
        seq_high: int,
        when_full: bool = False,
    ) -> ClaimedRun:
        """Take over a run's log, after the claim in PostgreSQL, and read it.

        Afterwards no writer of a lower attempt, and no earlier writer of the same attempt, can
        append. If the log or its end is lost, a new log begins with `: snapshot` at `seq_high` (or
        the `seq` in Redis, if that is higher) + `seq_jump`, and no lower than
        `attempt` * `seq_jump`.

        A flushed Redis accepts any attempt as the latest: if `was_known` is false, or the log was
        lost, check PostgreSQL again before publishing anything.

        Args:
            attempt: counted from 1, as PostgreSQL does.
            seq_high: the highest `sent_seq` saved for the run; never a `seq` that isn't known to be
                in the log, which would look like a loss.
            when_full: write even without memory; only for the few frames that report the end.

        Raises:
            RunLostError: a higher attempt has claimed the run.
            BusFullError, BusUnavailableError: Redis was out of memory for `full_s`, or unreachable
                for `retry_s`.
        """
        if self._task is None:
            msg = "the publisher is not started"
            raise RuntimeError(msg)
        queue = FrameQueue(
            run_id, attempt, secrets.token_hex(8), self._on_ready, when_full=when_full
        )
        known_seq = self._supersede(queue)
        arguments = (
            attempt,
            queue.claim,
            user_id,
            thread_id,
            max(seq_high, known_seq or 0),
            int(attempt > 1 or seq_high > 0 or known_seq is not None),  # may_have_frames
            self._limits.seq_jump,
            self._limits.live_ttl_s,
        )
        script = CLAIM_WHEN_FULL if when_full else CLAIM
        (reply,) = await self._retry(
            lambda: self._connection.query(self._connection.script(script, queue.keys, *arguments))
        )
        status, *facts = cast("list[Any]", reply)
        if status == b"LOST":
            msg = f"run {run_id} has an attempt above {attempt}"
            raise RunLostError(msg)
        queue.begin(int(facts[0]))
        self._queues[run_id] = queue
        entries = await self._retry(lambda: self._read_log(run_id))
        return claimed_run(queue, entries, self._limits, was_known=bool(facts[1]))

    async def drop_logs(self, run_ids: Sequence[str]) -> None:
        """Delete the logs of ended runs before they expire.

        Raises:
            BusUnavailableError: Redis is unreachable; the logs expire anyway.
        """
        commands: list[Command] = [
            (b"UNLINK", log_key(run_id), meta_key(run_id)) for run_id in run_ids
        ]
        try:
            await self._connection.query(*commands)
        except RedisError as error:
            raise BusUnavailableError("The logs could not be deleted.") from error

    def _supersede(self, queue: FrameQueue) -> int | None:
        """Close this process's earlier writer of the run; return its last `seq` in the log."""
        earlier = self._queues.get(queue.run_id)
        if earlier is None or earlier.attempt > queue.attempt:
            return None
        earlier.fail(RunLostError(f"run {queue.run_id} was claimed again"))
        return earlier.sent_seq

    async def _read_log(self, run_id: str) -> list[LogEntry]:
        reader, entries = LogReader(self._connection, run_id, 0), list[LogEntry]()
        while not reader.at_end:
            entries += await reader.next_page()
        return entries

    async def _retry(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Retry until it succeeds; the fence makes it harmless if an earlier attempt succeeded, too."""
        backoff = Backoff()
        began = monotonic()
        while True:
            try:
                return await operation()
            except RedisError as error:
                if not self._may_retry(error, began):
                    raise _unavailable(error) from error
            await asyncio.sleep(backoff.next_s())

    def _on_ready(self, queue: FrameQueue) -> None:
        self._ready.append(queue)
        self._work.set()

    async def _run(self) -> None:
        await run_forever("bus-publisher", self._flush_forever)

    async def _flush_forever(self) -> None:
        try:
            while True:
                await self._work.wait()
                delay_s = self._pacer.next_delay_s(monotonic())
                if delay_s and not self._has_backlog:
                    await asyncio.sleep(delay_s)
                await self._flush()
        finally:
            self._ready.clear()
            self._work.clear()
            for queue in list(self._queues.values()):
                queue.fail(BusUnavailableError("The run publisher has stopped."))

    async def _flush(self) -> None:
        batch = self._collect()
        commands = [self._append_command(queue, entry) for queue, entry in batch]
        fault_point("frames.queued")
        try:
            replies = await self._connection.call(*commands)
        except RedisError as error:
            replies = [error] * len(batch)
        fault_point("frames.flushed")
        has_failure = False
        for (queue, entry), reply in zip(batch, replies, strict=True):
            has_failure |= isinstance(reply, RedisError)
            self._apply_reply(queue, entry, reply)
        if has_failure:
            await asyncio.sleep(self._backoff.next_s())
        else:
            self._backoff.reset()

    def _collect(self) -> list[tuple[FrameQueue, QueueEntry]]:
        """Collect one entry per run with queued frames, as many as fit a batch."""
        batch: list[tuple[FrameQueue, QueueEntry]] = []
        room = self._limits.batch_bytes
        while self._ready and not (batch and self._ready[0].next_size() > room):
            queue = self._ready.popleft()
            if queue.failure is None:
                entry = queue.next_entry(room)
                room -= len(entry.data)
                batch.append((queue, entry))
        self._has_backlog = bool(self._ready)
        if not self._has_backlog:
            self._work.clear()
        return batch

    def _append_command(self, queue: FrameQueue, entry: QueueEntry) -> Command:
        limits = self._limits
        return self._connection.script(
            # The end marker is the last frame of a run, and releases its viewers.
            APPEND_WHEN_FULL if queue.when_full or entry.status else APPEND,
            queue.keys,
            queue.attempt,
            queue.claim,
            entry.first,
            entry.last,
            entry.data,
            limits.ended_ttl_s if entry.status else limits.live_ttl_s,
            entry.status,
        )

    def _apply_reply(self, queue: FrameQueue, entry: QueueEntry, reply: Any) -> None:
        if reply == b"OK":
            queue.mark_sent(entry)
        elif reply == b"LOST":
            queue.fail(RunLostError(f"run {queue.run_id} has a newer claim"))
        elif reply == b"UNCLAIMED":
            log.warning("bus.run_unclaimed", run_id=queue.run_id, sent_seq=queue.sent_seq)
            queue.fail(RunUnclaimedError(f"Redis lost the claim or the log of run {queue.run_id}"))
        else:
            queue.failing_since = queue.failing_since or monotonic()
            if not self._may_retry(reply, queue.failing_since):
                log.error("bus.append_failed", run_id=queue.run_id, error=reply)
                queue.fail(_unavailable(reply))
        if queue.failure is None and queue.unsent:
            self._on_ready(queue)

    def _may_retry(self, error: RedisError, since: float) -> bool:
        is_full = isinstance(error, OutOfMemoryError)
        limit_s = self._limits.full_s if is_full else self._limits.retry_s
        is_transient = isinstance(error, _TRANSIENT) or str(error).startswith(_REFUSES_WRITES)
        return is_transient and monotonic() - since <= limit_s


def _unavailable(error: RedisError) -> BusUnavailableError:
    if isinstance(error, OutOfMemoryError):
        return BusFullError("Redis is out of memory for the run's events.")
    return BusUnavailableError("Redis could not take the run's events.")

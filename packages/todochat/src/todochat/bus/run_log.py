"""Reads the owner and the log of a run; reads of many viewers share one connection."""

import asyncio
from collections import deque
from typing import Any, Final, Protocol

import msgspec
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from todochat.background import stop_task
from todochat.bus.cluster import bus_connection
from todochat.bus.connection import raise_first_error
from todochat.bus.frames import LogEntry, cut_entry, parse_entry
from todochat.bus.keys import log_key, meta_key
from todochat.bus.redis_client import RedisClient
from todochat.bus.reply_reader import Command

CALLS_PER_EXCHANGE: Final = 8
"""Most replies in memory at the same time; each may be a page of a log."""

FIRST_PAGE_ENTRIES: Final = 64
MAX_PAGE_ENTRIES: Final = 1024
MIN_PAGE_ENTRIES: Final = 4
SMALL_PAGE_BYTES: Final = 32 * 1024
LARGE_PAGE_BYTES: Final = 256 * 1024
_LAST_STREAM_ID: Final = 2**63 - 1
_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


class ReadConnection(Protocol):
    """Connection for reads: a dedicated one, or the one that viewers share."""

    async def query(self, *commands: Command) -> list[Any]:
        """Return the replies, or raise the first error."""


class RunMeta(msgspec.Struct, frozen=True):
    """Owner and progress of a run."""

    user_id: str
    thread_id: str
    attempt: int
    status: str

    @property
    def ended(self) -> bool:
        """True once the run's end marker was written."""
        return self.status in _ENDED


class RunState(msgspec.Struct, frozen=True):
    """State of a run in Redis; both None if it has none."""

    meta: RunMeta | None
    last: LogEntry | None


class _Call(msgspec.Struct, frozen=True):
    commands: tuple[Command, ...]
    future: asyncio.Future[list[Any]]


class SharedReads:
    """Queues calls and sends several at a time.

    A thousand viewers that reconnect after an outage can't exhaust a pool or wait for a thousand
    round trips. A cancelled call doesn't disturb the connection: its reply is read and dropped.
    When Redis is unreachable, all queued calls fail at once.
    """

    def __init__(self, redis: RedisClient, timeout_s: float) -> None:
        self._connection = bus_connection(redis, timeout_s)
        self._waiting: deque[_Call] = deque()
        self._task: asyncio.Task[None] | None = None

    async def query(self, *commands: Command) -> list[Any]:
        """Return the replies to commands that only read.

        Raises:
            RedisError: Redis is unreachable, or refused one of them.
        """
        call = _Call(commands, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="bus-reads")
        replies = await call.future
        raise_first_error(replies)
        return replies

    async def aclose(self) -> None:
        """Close the connection; queued calls fail."""
        if self._task is not None:
            await stop_task(self._task)
        await self._connection.aclose()

    async def _work(self) -> None:
        batch: list[_Call] = []
        try:
            while batch := self._next_batch():
                commands = [command for call in batch for command in call.commands]
                replies = iter(await self._call(commands))
                for call in batch:
                    own_replies = [next(replies) for _ in call.commands]
                    if not call.future.done():
                        call.future.set_result(own_replies)
        except RedisError as error:
            self._fail([*batch, *self._waiting], error)
        finally:
            self._task = None
            self._fail([*batch, *self._waiting], RedisConnectionError("the connection was closed"))

    async def _call(self, commands: list[Command]) -> list[Any]:
        """Send commands; retry once if the connection is broken.

        A restart of Redis since the last read shows only in the next one. That one needs no error:
        Redis is back, and reads are idempotent.
        """
        try:
            return await self._connection.call(*commands)
        except RedisConnectionError:
            return await self._connection.call(*commands)

    def _next_batch(self) -> list[_Call]:
        batch: list[_Call] = []
        while self._waiting and len(batch) < CALLS_PER_EXCHANGE:
            call = self._waiting.popleft()
            if not call.future.done():
                batch.append(call)
        return batch

    def _fail(self, calls: list[_Call], error: RedisError) -> None:
        self._waiting.clear()
        for call in calls:
            if not call.future.done():
                call.future.set_exception(error)


class RunLog:
    """Reads the state and the logs of runs, for the gateway."""

    def __init__(self, redis: RedisClient, timeout_s: float) -> None:
        self._reads = SharedReads(redis, timeout_s)

    async def state(self, run_id: str) -> RunState:
        """Return the run's meta and its last log entry.

        Raises:
            RedisError: Redis is unreachable or refused.
        """
        values, last = await self._reads.query(
            (b"HMGET", meta_key(run_id), "user_id", "thread_id", "attempt", "status"),
            (b"XREVRANGE", log_key(run_id), "+", "-", "COUNT", 1),
        )
        entries = _entries(last)
        meta = None
        if None not in values:
            user_id, thread_id, attempt, status = (value.decode() for value in values)
            meta = RunMeta(user_id, thread_id, int(attempt), status)
        return RunState(meta, entries[0] if entries else None)

    def read(self, run_id: str, after: int) -> "LogReader":
        """Start reading a run's log after `seq` `after`."""
        return LogReader(self._reads, run_id, after)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._reads.aclose()


class LogReader:
    """Reads a log from a cursor to its end, a page at a time.

    Entries have between 50 bytes and 64 KiB, so the page size adapts to the previous page.
    """

    def __init__(self, reads: ReadConnection, run_id: str, after: int) -> None:
        self.at_end = False
        self._reads = reads
        self._key = log_key(run_id)
        self._cursor = min(after, _LAST_STREAM_ID)
        self._count = FIRST_PAGE_ENTRIES

    async def next_page(self) -> list[LogEntry]:
        """Return the next entries; `at_end` is true after the last page.

        Raises:
            RedisError: Redis is unreachable or refused.
        """
        command: Command = (
            b"XRANGE",
            self._key,
            b"(%d-0" % self._cursor if self._cursor else b"-",
            b"+",
            b"COUNT",
            self._count,
        )
        (reply,) = await self._reads.query(command)
        page = _entries(reply)
        self.at_end = len(page) < self._count
        if page:
            if page[0].first <= self._cursor:
                page[0] = cut_entry(page[0], self._cursor)
            self._cursor = page[-1].last
            page_bytes = sum(len(entry.data) for entry in page)
            if page_bytes < SMALL_PAGE_BYTES:
                self._count = min(self._count * 2, MAX_PAGE_ENTRIES)
            elif page_bytes > LARGE_PAGE_BYTES:
                self._count = max(self._count // 2, MIN_PAGE_ENTRIES)
        return page


def _entries(reply: list[Any]) -> list[LogEntry]:
    return [parse_entry(fields[1]) for _, fields in reply]

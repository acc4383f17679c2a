"""Reads of many viewers, multiplexed over one connection."""

import asyncio
from collections import deque
from typing import Any, Final

import msgspec
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from todochat.background import stop_task
from todochat.bus.cluster import bus_connection
from todochat.bus.connection import Command
from todochat.bus.redis_client import RedisClient

CALLS_PER_EXCHANGE: Final = 8
"""Most replies in memory at the same time; each may be a page of a log."""


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
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
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

"""The bus's own connections to Redis, beside the client's pool.

They bypass redis-py's client (see `reply_reader`). They never retry, so that the caller knows when
a reply or a message may be lost.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import override

from todochat.bus.reply_reader import Argument, Command, ReplyReader, read_replies
from todochat.bus.scripts import Script

if TYPE_CHECKING:  # see `todochat.lean_imports`
    from redis.asyncio.cluster import ClusterNode

CONNECT_TIMEOUT_S: Final = 5.0
_NOT_OURS: Final = ("maint_notifications", "orig_")


def own_connection(redis: "Redis | ClusterNode") -> AbstractConnection:
    """Create a connection to the server of `redis`, outside its pool; connect it before use.

    RESP2, since redis-py formats every RESP3 push message for a log line.
    No socket timeout: redis-py's default of 5 s would close an idle Pub/Sub connection; callers
    set their own timeouts.
    """
    pool = redis.connection_pool if isinstance(redis, Redis) else redis
    options = {
        name: value
        for name, value in pool.connection_kwargs.items()
        if not name.startswith(_NOT_OURS)
    }
    options |= {
        "protocol": 2,
        "decode_responses": False,
        "socket_timeout": None,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": 0,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
    }
    connection: AbstractConnection = pool.connection_class(**options)
    return connection


def script_source(script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
    """Build the command that runs a script by its source."""
    return (b"EVAL", script.source, len(keys), *keys, *arguments)


def raise_first_error(replies: Sequence[Any]) -> None:
    """Raise the first error among the replies to commands.

    Raises:
        RedisError: a command was refused.
    """
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply


class CommandConnection(ABC):
    """A connection for commands, to one server or to a cluster."""

    @abstractmethod
    def script(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
        """Build the command that runs a script: by its source, or by its hash once it is known."""

    @abstractmethod
    async def call(self, *commands: Command) -> list[Any]:
        """Send commands and read their replies; an error reply is returned, not raised.

        Raises:
            RedisError: Redis is unreachable or too slow. Any of the commands may have run, or may
                still run.
        """

    async def query(self, *commands: Command) -> list[Any]:
        """Like `call`, but raise the first error reply.

        Raises:
            RedisError: as `call`, or a command was refused.
        """
        replies = await self.call(*commands)
        raise_first_error(replies)
        return replies

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connection; a later call reopens it."""


class BusConnection(CommandConnection):
    """A connection to one server: one write and one round trip for each `call`."""

    def __init__(self, connection: AbstractConnection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._reader: ReplyReader | None = None
        self._known_scripts: set[str] = set()

    @override
    def script(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
        if script.sha in self._known_scripts:
            return (b"EVALSHA", script.sha, len(keys), *keys, *arguments)
        self._known_scripts.add(script.sha)
        return script_source(script, keys, *arguments)

    @override
    async def call(self, *commands: Command) -> list[Any]:
        try:
            async with asyncio.timeout(self._timeout_s), self._lock:
                return await self._exchange(commands)
        except TimeoutError as error:
            raise RedisTimeoutError("Redis didn't respond in time") from error

    @override
    async def aclose(self) -> None:
        async with self._lock:
            await self._disconnect()

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        try:
            reader = await self._open()
            replies = await _exchange_all(reader, commands)
        except BaseException:
            # Outstanding replies would be taken for those of the next call.
            await self._disconnect()
            raise
        if any(isinstance(reply, NoScriptError) for reply in replies):
            self._known_scripts.clear()
        return replies

    async def _open(self) -> ReplyReader:
        if self._reader is not None and self._reader.closed.done():
            await self._disconnect()
        if self._reader is None:
            await self._connection.connect()  # type: ignore[no-untyped-call]
            self._reader = read_replies(self._connection, lambda _: None)
        return self._reader

    async def _disconnect(self) -> None:
        self._known_scripts.clear()
        self._reader = None
        await self._connection.disconnect(nowait=True)


async def _exchange_all(reader: ReplyReader, commands: Sequence[Command]) -> list[Any]:
    """Send commands and wait for as many replies."""
    replies: list[Any] = []
    complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_reply(reply: Any) -> None:
        replies.append(reply)
        if len(replies) == len(commands) and not complete.done():
            complete.set_result(None)

    def on_closed(closed: asyncio.Future[None]) -> None:
        error = closed.exception()
        if error is not None and not complete.done():
            complete.set_exception(error)

    reader.on_reply = on_reply
    reader.closed.add_done_callback(on_closed)
    try:
        reader.send(*commands)
        await complete
    finally:
        reader.closed.remove_done_callback(on_closed)
    return replies


class Backoff:
    """Growing, jittered pauses between attempts to reach Redis: 25 ms up to 1 s."""

    def __init__(self) -> None:
        self._step = 0

    def next_s(self) -> float:
        """Return the next pause."""
        pause = min(1.0, 0.05 * 2.0**self._step)
        self._step = min(self._step + 1, 6)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """Reset to the shortest pause, after a success."""
        self._step = 0

"""One Pub/Sub connection for any number of channels, which reconnects after failures."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

import structlog
from redis.exceptions import RedisError

from todochat.background import run_forever, stop_task
from todochat.bus.cluster import pubsub_connection
from todochat.bus.connection import CONNECT_TIMEOUT_S, Backoff
from todochat.bus.redis_client import RedisClient
from todochat.bus.reply_reader import ReplyReader, read_replies

PING_EVERY_S: Final = 10.0
SILENCE_S: Final = 25.0
"""Without a byte for this long despite pings, the connection is considered dead."""

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Receiver of a channel's messages. Its methods must not block."""

    def on_message(self, data: bytes) -> None:
        """Handle a message."""

    def on_confirmed(self) -> None:
        """Handle the subscription's confirmation: later messages arrive."""

    def on_lost(self) -> None:
        """Handle a lost connection: messages are missed until the next `on_confirmed`."""


class CallbackListener:
    """Passes messages to a function.

    Args:
        on_interrupted: called when messages may have been missed.
    """

    def __init__(
        self,
        on_message: Callable[[bytes], object],
        on_interrupted: Callable[[], None] | None = None,
    ) -> None:
        self._on_message = on_message
        self._on_interrupted = on_interrupted

    def on_message(self, data: bytes) -> None:
        """Call the function."""
        self._on_message(data)

    def on_confirmed(self) -> None:
        """Report that earlier messages may have been missed."""
        if self._on_interrupted is not None:
            self._on_interrupted()

    def on_lost(self) -> None:
        """Do nothing until the connection is back."""


class Subscriber:
    """Keeps one connection subscribed to the channels of its listeners.

    While Redis is down it keeps reconnecting, and notifies the listeners.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._listeners: dict[bytes, Listener] = {}
        self._connected = False
        self._outage_logged = False
        # Unconfirmed SUBSCRIBEs by channel. A channel that was removed and added again has two in
        # flight, and only the last confirmation counts.
        self._unconfirmed: dict[bytes, int] = {}
        self._commands: list[tuple[bytes, bytes]] = []
        self._has_commands = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect in the background, and stay connected."""
        loop = run_forever("bus-subscriber", self.run)
        self._task = asyncio.create_task(loop, name="bus-subscriber")

    async def aclose(self) -> None:
        """Close the connection; listeners get no further calls."""
        if self._task is not None:
            await stop_task(self._task)
            self._task = None

    def add(self, channel: bytes, listener: Listener) -> None:
        """Subscribe to a channel, with one listener."""
        self._listeners[channel] = listener
        if self._connected:
            self._queue_command(b"SUBSCRIBE", channel)

    def remove(self, channel: bytes) -> None:
        """Unsubscribe from a channel."""
        del self._listeners[channel]
        if self._connected:
            self._queue_command(b"UNSUBSCRIBE", channel)

    def _queue_command(self, operation: bytes, channel: bytes) -> None:
        if operation == b"SUBSCRIBE":
            self._unconfirmed[channel] = self._unconfirmed.get(channel, 0) + 1
        self._commands.append((operation, channel))
        self._has_commands.set()

    async def run(self) -> None:
        """Stay connected, until cancelled."""
        backoff = Backoff()
        while True:
            try:
                await self._serve_connection(backoff)
            except (RedisError, OSError, TimeoutError) as error:
                if not self._outage_logged:
                    log.warning("bus.subscriber_lost", error=error)
                self._outage_logged = True
            finally:
                self._connected = False
                self._unconfirmed.clear()
                self._commands.clear()
                for listener in list(self._listeners.values()):
                    listener.on_lost()
            await asyncio.sleep(backoff.next_s())

    async def _serve_connection(self, backoff: Backoff) -> None:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            connection = await pubsub_connection(self._redis)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await connection.connect()  # type: ignore[no-untyped-call]
            reader = read_replies(connection, self._on_reply)
            backoff.reset()
            self._connected = True
            if self._outage_logged:
                log.info("bus.subscriber_back", channels=len(self._listeners))
                self._outage_logged = False
            for channel in self._listeners:
                self._queue_command(b"SUBSCRIBE", channel)
            writing = asyncio.create_task(self._write(reader), name="bus-subscriber-writer")
            try:
                await reader.closed
            finally:
                writing.cancel()
                await asyncio.wait([writing])
        finally:
            await connection.disconnect(nowait=True)

    def _on_reply(self, reply: Any) -> None:
        if isinstance(reply, RedisError):
            raise reply
        if not isinstance(reply, list):
            return
        kind, channel = reply[0], reply[1]
        listener = self._listeners.get(channel)
        if kind == b"message":
            if listener is not None:
                listener.on_message(reply[2])
        elif kind == b"subscribe":
            left = self._unconfirmed.pop(channel) - 1
            if left:
                self._unconfirmed[channel] = left
            elif listener is not None:
                listener.on_confirmed()

    async def _write(self, reader: ReplyReader) -> None:
        """Send queued commands, and a PING when idle; cut a dead connection."""
        try:
            while asyncio.get_running_loop().time() - reader.last_read <= SILENCE_S:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PING_EVERY_S):
                        await self._has_commands.wait()
                reader.send(*self._next_commands())
            log.warning("bus.subscriber_silent", timeout_s=SILENCE_S)
        finally:
            # Not `close`, which would wait until a dead server has read the rest.
            reader.abort()

    def _next_commands(self) -> list[list[bytes]]:
        queued, self._commands = self._commands, []
        self._has_commands.clear()
        commands: list[list[bytes]] = [] if queued else [[b"PING"]]
        for operation, channel in queued:
            if not commands or commands[-1][0] != operation:
                commands.append([operation])
            commands[-1].append(channel)
        return commands

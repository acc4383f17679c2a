"""Reads replies below redis-py: in the event loop's read callback, without its parser's tasks.

Measured CPU time: a pipeline of one command takes a fifth of `Pipeline.execute`, a Pub/Sub message
of a burst a tenth of `PubSub.get_message`, and one that comes alone 0.6 of it. redis-py still opens
connections, with its TLS, authentication and settings.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse
from typing_extensions import override

Argument = bytes | str | int
Command = Sequence[Argument]


class ReplyReader(asyncio.Protocol):
    """Passes each reply to `on_reply`, which must not block.

    An error reply is passed, too, unless it means that the server can't be used.

    Args:
        parse_error: makes the exception of an error reply.

    Attributes:
        closed: its exception is the reason why the connection has ended.
        last_read: the event loop's time when something arrived.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        on_reply: Callable[[Any], None],
        parse_error: Callable[[str], Exception],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.on_reply = on_reply
        self.closed: asyncio.Future[None] = loop.create_future()
        self.last_read = loop.time()
        self._now = loop.time
        self._transport = transport
        self._parser = hiredis.Reader(protocolError=InvalidResponse, replyError=parse_error)

    def send(self, *commands: Command) -> None:
        """Write commands; if the connection has ended, `closed` has its reason."""
        packed = [hiredis.pack_command(cast("Any", tuple(command))) for command in commands]
        self._transport.write(b"".join(packed))

    def abort(self) -> None:
        """Cut the connection, even if the server doesn't read."""
        self._transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        self.last_read = self._now()
        try:
            self._parser.feed(data)
            while (reply := self._parser.gets()) is not False:
                if isinstance(reply, RedisConnectionError):
                    raise reply  # noqa: TRY301 - ends like an error of the parser
                self.on_reply(reply)
        except Exception as error:  # noqa: BLE001 - raised by `closed`
            self._end(error)
            self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(RedisConnectionError("the connection was closed" if exc is None else str(exc)))

    def _end(self, error: Exception) -> None:
        if not self.closed.done():
            self.closed.set_exception(error)
            self.closed.exception()  # retrieved: nothing may be waiting for it any more


def read_replies(connection: AbstractConnection, on_reply: Callable[[Any], None]) -> ReplyReader:
    """Take over a connected connection whose replies have all been read; only disconnect it then.

    Its writer and its parser have no public access.
    """
    transport: asyncio.Transport = cast("Any", connection)._writer.transport  # noqa: SLF001
    reader = ReplyReader(transport, on_reply, connection._parser.parse_error)  # noqa: SLF001
    transport.set_protocol(reader)
    return reader

"""A model server that writes scripted bytes to its connections."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

Respond = Callable[["Connection"], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def response(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """A client's connection.

    Attributes:
        head: the request line and headers of the last request.
        body: its body.
        is_closed: set when the client has closed the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = ""
        self.body = b""
        self.is_closed = asyncio.Event()
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        self._writer.transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the client has closed the connection."""
        await self._reader.read()
        self.is_closed.set()

    async def read_request(self) -> bool:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self.head = head.decode()
        length = 0
        for line in self.head.splitlines():
            if line.lower().startswith("content-length:"):
                length = int(line.partition(":")[2])
        self.body = await self._reader.readexactly(length)
        return True


class RawServer:
    """Answers requests in their order with the scripted coroutines.

    Attributes:
        connections: all that were opened.
        requests: head and body of each request.
    """

    def __init__(self, *script: Respond | bytes, tls: ssl.SSLContext | None = None) -> None:
        self.connections: list[Connection] = []
        self.requests: list[tuple[str, bytes]] = []
        self._script = list(script)
        self._tls = tls
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            connection.reset()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self.connections.append(connection)
        try:
            while await connection.read_request():
                self.requests.append((connection.head, connection.body))
                respond = self._script.pop(0)
                if isinstance(respond, bytes):
                    await connection.write(respond)
                else:
                    await respond(connection)
        except ConnectionError:
            pass
        finally:
            connection.is_closed.set()
            writer.close()

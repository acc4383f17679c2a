"""The body of a response, whose bytes the kernel can collect before they are read."""

import asyncio
import socket
from contextlib import suppress
from typing import Final, Protocol

import aiohttp

_HAS_THRESHOLD: Final = hasattr(socket, "SO_RCVLOWAT")


class ByteSource(Protocol):
    """The body of a response."""

    async def readany(self) -> bytes:
        """Return all bytes that have arrived; wait for some if there are none, b"" at the end."""
        ...

    def collect(self, size: int) -> None:
        """Don't wake the event loop until this many bytes have arrived, or the connection ends.

        A hint: the loop may be woken earlier. 0 ends it, as does `read_collected`.
        """
        ...

    async def read_collected(self) -> bytes:
        """Return all bytes that have arrived, b"" if there are none, without waiting for more."""
        ...


class ResponseBody:
    """The body of a response of aiohttp.

    Uses SO_RCVLOWAT (socket(7)): otherwise each token of a model wakes the process.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        connection = response.connection
        # Fewer bytes than expected arrive of a compressed body, as some proxies send it unasked.
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        is_plain = encoding in {"", "identity"}
        self._transport = connection.transport if is_plain and connection is not None else None
        self._threshold = 1

    async def readany(self) -> bytes:
        """Return all bytes that have arrived; wait for some if there are none, b"" at the end."""
        return await self._content.readany()

    def collect(self, size: int) -> None:
        """Don't wake the event loop until this many bytes have arrived, or the connection ends."""
        transport, size = self._transport, max(size, 1)
        if not _HAS_THRESHOLD or transport is None or size == self._threshold:
            return
        # After the end of the body, the connection may have another request.
        if not transport.is_closing() and (size == 1 or not self._content.is_eof()):
            self._threshold = size
            with suppress(OSError):  # sandboxes that emulate a kernel may not know the option
                connection = transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    async def read_collected(self) -> bytes:
        """Return all bytes that have arrived, b"" if there are none, without waiting for more."""
        self.collect(0)
        for _ in range(2):  # asyncio's own loop reads a socket one iteration later than uvloop
            await asyncio.sleep(0)
            if received := self._content.read_nowait():
                return received
        return b""

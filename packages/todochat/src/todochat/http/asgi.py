"""The client of a streamed response, with connection operations that ASGI doesn't offer."""

import asyncio

from litestar.types import Receive, Send


class AsgiClient:
    """The other end of a streamed response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        # uvicorn's `receive` is a method of the object that owns the transport; under another
        # server there is none.
        self._transport: asyncio.Transport | None = getattr(
            getattr(receive, "__self__", None), "transport", None
        )

    async def send(self, data: bytes) -> None:
        """Send some bytes; waits while the client doesn't read. Cancelled = nothing was sent."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        """End the response."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def wait_disconnected(self) -> None:
        """Return when the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def unsent_bytes(self) -> int:
        """Return the number of sent bytes that the operating system hasn't accepted yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def has_drained(self) -> bool:
        """Return whether the operating system has accepted all sent bytes; False if unknown."""
        return self._transport is not None and not self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Cut the connection and drop unsent bytes.

        A response that only ends leaves its socket open until the client has read the buffered
        bytes, so a client that never reads would keep it open forever. Without a transport the
        socket stays open until the server closes it.
        """
        if self._transport is not None:
            self._transport.abort()

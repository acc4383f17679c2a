"""The way out to one client: sends, gives up on a client that takes nothing, pings a quiet one."""

import asyncio
from typing import Final, Protocol

from chat_gateway.streams.stream_format import PING

PING_S: Final = 15.0
FAREWELL_S: Final = 1.0  # a client that takes the last words slower than this goes without


class Client(Protocol):
    """The other end of a stream, as the HTTP layer knows it."""

    async def send(self, data: bytes) -> None:
        """Send some bytes; waits while the client doesn't read. Cancelled = nothing was sent."""
        ...

    async def finish(self) -> None:
        """End the response."""
        ...

    async def closed(self) -> None:
        """Return when the client has closed the connection."""
        ...

    def unsent_bytes(self) -> int:
        """Return how much was sent that the operating system hasn't taken yet."""
        ...

    def abort(self) -> None:
        """Cut the connection, dropping what is unsent."""
        ...


class SlowViewerError(Exception):
    """The client takes nothing."""


class SseWriter:
    """Sends to one client, one thing after the other.

    Args:
        slow_viewer_s: how long the client may take nothing.
        ping_s: how long it may be sent nothing.
    """

    def __init__(self, client: Client, *, slow_viewer_s: float, ping_s: float) -> None:
        self._client = client
        self._slow_viewer_s = slow_viewer_s
        self._ping_s = ping_s
        self._sending = asyncio.Lock()
        self._now = asyncio.get_running_loop().time
        self._sent_at = self._now()

    async def deliver(self, data: bytes) -> None:
        """Send some bytes.

        Raises:
            SlowViewerError: the client takes nothing; one that reads slowly may.
        """
        async with self._sending:
            await self._deliver(data)

    async def keep_alive(self) -> None:
        """Ping whenever nothing was sent for a while; never returns.

        The run's frames don't count, only what was sent of them: a form may leave all of them out,
        and proxies cut connections that are quiet for long.

        Raises:
            SlowViewerError: the client takes nothing.
        """
        while True:
            await asyncio.sleep(self._sent_at + self._ping_s - self._now())
            async with self._sending:
                if self._now() - self._sent_at >= self._ping_s:
                    await self._deliver(PING)

    async def close(self, words: bytes) -> None:
        """Send the last words, if there are any, and end the response, or cut it."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                if words:
                    await self._client.send(words)
                await self._client.finish()
        except TimeoutError:
            self._client.abort()

    def abort(self) -> None:
        """Cut the connection."""
        self._client.abort()

    async def _deliver(self, data: bytes) -> None:
        unsent_bytes = self._client.unsent_bytes()
        while True:
            try:
                async with asyncio.timeout(self._slow_viewer_s):
                    await self._client.send(data)
            except TimeoutError:
                left_bytes = self._client.unsent_bytes()
                if left_bytes >= unsent_bytes:
                    raise SlowViewerError from None
                unsent_bytes = left_bytes
            else:
                self._sent_at = self._now()
                return

"""Writes SSE frames to one client; pings when idle and detects a stalled client."""

import asyncio
from typing import Final, Protocol

from chat_gateway.streams.stream_format import PING

PING_S: Final = 15.0
CLOSE_TIMEOUT_S: Final = 1.0  # a client that reads the last event slower than this is cut off


class Client(Protocol):
    """The other end of a stream, as the HTTP layer provides it."""

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
        """Return the number of sent bytes that the operating system hasn't accepted yet."""
        ...

    def abort(self) -> None:
        """Cut the connection and drop unsent bytes."""
        ...


class StalledClientError(Exception):
    """The client has stopped reading."""


class SseWriter:
    """Writes to one client, one frame at a time.

    Args:
        slow_viewer_s: a client that reads nothing for this long is stalled.
        ping_s: longest time without a byte.
    """

    def __init__(self, client: Client, *, slow_viewer_s: float, ping_s: float) -> None:
        self._client = client
        self._slow_viewer_s = slow_viewer_s
        self._ping_s = ping_s
        self._sending = asyncio.Lock()
        self._now = asyncio.get_running_loop().time
        self._sent_at = self._now()

    async def send(self, data: bytes) -> None:
        """Send some bytes.

        Raises:
            StalledClientError: the client reads nothing; reading slowly is allowed.
        """
        async with self._sending:
            await self._send_unlocked(data)

    async def keep_alive(self) -> None:
        """Ping whenever nothing was sent for a while; never returns.

        Only sent bytes count, not the run's frames: a format may drop all of them, and proxies cut
        idle connections.

        Raises:
            StalledClientError: the client reads nothing.
        """
        while True:
            await asyncio.sleep(self._sent_at + self._ping_s - self._now())
            async with self._sending:
                if self._now() - self._sent_at >= self._ping_s:
                    await self._send_unlocked(PING)

    async def close(self, last_event: bytes) -> None:
        """Send the last event, if any, and end the response; cut the connection after 1 s."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if last_event:
                    await self._client.send(last_event)
                await self._client.finish()
        except TimeoutError:
            self._client.abort()

    def abort(self) -> None:
        """Cut the connection."""
        self._client.abort()

    async def _send_unlocked(self, data: bytes) -> None:
        unsent_bytes = self._client.unsent_bytes()
        while True:
            try:
                async with asyncio.timeout(self._slow_viewer_s):
                    await self._client.send(data)
            except TimeoutError:
                left_bytes = self._client.unsent_bytes()
                if left_bytes >= unsent_bytes:
                    raise StalledClientError from None
                unsent_bytes = left_bytes
            else:
                self._sent_at = self._now()
                return

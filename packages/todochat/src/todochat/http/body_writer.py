"""Writes a streamed body to one client; pings when idle and detects a stalled client."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum, auto
from typing import Any, Final

from todochat.background import stop_task
from todochat.http.asgi import AsgiClient

PING: Final = b": ping\n\n"
CLOSE_TIMEOUT_S: Final = 1.0  # a client that reads the last event slower than this is cut off


class StalledClientError(Exception):
    """The client has stopped reading."""


class BodyEnd(Enum):
    """Cause of the end of `BodyWriter.run`."""

    WRITTEN = auto()
    DISCONNECTED = auto()
    CLOSED = auto()


class BodyWriter:
    """Writes to one client, one chunk at a time.

    Args:
        stall_timeout_s: a client that reads nothing for this long is stalled.
    """

    def __init__(self, client: AsgiClient, *, stall_timeout_s: float) -> None:
        self._client = client
        self._stall_timeout_s = stall_timeout_s
        self._sending = asyncio.Lock()
        self._now = asyncio.get_running_loop().time
        self._sent_at = self._now()

    async def run(
        self,
        body: Coroutine[Any, Any, None],
        *,
        ping_s: float | None = None,
        closing: "asyncio.Future[Any] | None" = None,
    ) -> BodyEnd:
        """Run `body` until it ends, the client disconnects or `closing` is done; then stop it.

        Args:
            body: calls `send`.
            ping_s: longest time without a byte; None: no pings.

        Raises:
            StalledClientError: the client reads nothing.
            Exception: `body` has failed.
        """
        tasks = [asyncio.create_task(body)]
        if ping_s is not None:
            tasks.append(asyncio.create_task(self._ping_when_idle(ping_s)))
        disconnected = asyncio.create_task(self._client.wait_disconnected())
        ends: list[asyncio.Future[Any]] = [*tasks, disconnected]
        if closing is not None:
            ends.append(closing)
        ended: asyncio.Task[None] | None = None
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            ended = next((task for task in tasks if task.done()), None)
            has_disconnected = disconnected.done()
        finally:
            for task in (*reversed(tasks), disconnected):
                await stop_task(task)
                if task.done() and not task.cancelled():
                    task.exception()  # retrieved, so that asyncio doesn't report it
        if ended is not None:
            ended.result()
            return BodyEnd.WRITTEN
        return BodyEnd.DISCONNECTED if has_disconnected else BodyEnd.CLOSED

    async def send(self, data: bytes) -> None:
        """Send some bytes.

        Raises:
            StalledClientError: the client reads nothing; reading slowly is allowed.
        """
        if self._client.has_drained() and not self._sending.locked():
            # It can't suspend, so it needs neither a timeout nor the lock, for most frames.
            await self._client.send(data)
            self._sent_at = self._now()
            return
        async with self._sending:
            await self._unless_stalled(lambda: self._client.send(data))

    async def finish(self) -> None:
        """End the response.

        Raises:
            StalledClientError: the client reads nothing; reading slowly is allowed.
        """
        async with self._sending:
            await self._unless_stalled(self._client.finish)

    async def close(self, last_event: bytes = b"") -> None:
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

    async def _ping_when_idle(self, ping_s: float) -> None:
        """Ping whenever nothing was sent for `ping_s`; never returns.

        Only sent bytes count, not what the body was made from: all of that may be dropped, and
        proxies cut idle connections.
        """
        while True:
            await asyncio.sleep(self._sent_at + ping_s - self._now())
            async with self._sending:
                if self._now() - self._sent_at >= ping_s:
                    await self._unless_stalled(lambda: self._client.send(PING))

    async def _unless_stalled(self, send: Callable[[], Awaitable[None]]) -> None:
        unsent_bytes = self._client.unsent_bytes()
        while True:
            try:
                async with asyncio.timeout(self._stall_timeout_s):
                    await send()
            except TimeoutError:
                left_bytes = self._client.unsent_bytes()
                if left_bytes >= unsent_bytes:
                    raise StalledClientError from None
                unsent_bytes = left_bytes
            else:
                self._sent_at = self._now()
                return

"""Relays a run to one client, until one of five things ends it.

the run ends           -> the end marker, if the client's form has one
the client closes      -> nothing; only this counts towards abandoning the run
the gateway closes     -> `: unauthorized` or `: reconnect`
the log can't be read  -> what the client's form says of failures
the client takes nothing for SLOW_VIEWER_S -> the connection is cut
"""

import asyncio
import time
from contextlib import aclosing
from enum import StrEnum
from typing import Final, Protocol

import structlog

from chat_gateway.metrics import FIRST_EVENT_SECONDS, STREAMS_ENDED
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.presence import Presence
from chat_gateway.streams.stream_format import PING, RECONNECT, StreamFormat
from chat_gateway.streams.viewer import Viewer
from todochat.bus import Ended, Frames, Idle, RunHub, Snapshot, WatchEvent
from todochat.draining import Drain
from todochat.errors import ServiceError

FAREWELL_S: Final = 1.0  # a client that takes the last words slower than this goes without

log = structlog.get_logger(__name__)


class Cause(StrEnum):
    """What ended a stream."""

    RUN_ENDED = "run-ended"
    CLIENT_CLOSED = "client-closed"
    GATEWAY_CLOSED = "gateway-closed"
    FAILED = "failed"
    SLOW = "slow"


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


class Relay:
    """Runs the streams of this process.

    Args:
        slow_viewer_s: how long a client may take nothing.
    """

    def __init__(
        self,
        hub: RunHub,
        open_streams: OpenStreams,
        presence: Presence,
        drain: Drain,
        *,
        slow_viewer_s: float,
    ) -> None:
        self._hub = hub
        self._open_streams = open_streams
        self._presence = presence
        self._drain = drain
        self._slow_viewer_s = slow_viewer_s

    async def run(self, viewer: Viewer, client: Client) -> None:
        """Relay until the stream ends, and leave nothing behind."""
        cause = Cause.GATEWAY_CLOSED  # also what it is when this very task is cancelled
        self._open_streams.add(viewer)
        try:
            await self._presence.arrive(viewer)
            cause = await self._relay_or_close(viewer, client)
        finally:
            self._open_streams.remove(viewer)
            STREAMS_ENDED.labels(cause).inc()
            log.info("stream.ended", run_id=viewer.run_id, cause=cause)
            # While the process drains, a connection may as well have been closed from this side.
            client_closed = cause is Cause.CLIENT_CLOSED and not self._drain.is_draining
            await self._presence.leave(viewer, client_closed=client_closed)

    async def _relay_or_close(self, viewer: Viewer, client: Client) -> Cause:
        loop = asyncio.get_running_loop()
        secret_left_s = max(0.0, viewer.identity.expires_at - time.time())
        expiry = loop.call_later(secret_left_s, viewer.close, RECONNECT)
        relaying = loop.create_task(self._relay(viewer, client))
        closing = loop.create_task(client.closed())
        try:
            await asyncio.wait(
                (relaying, closing, viewer.farewell), return_when=asyncio.FIRST_COMPLETED
            )
            if relaying.done():
                return await self._after_relaying(relaying, viewer.stream_format, client)
            if closing.done():
                return Cause.CLIENT_CLOSED
            await _stop(relaying)
            await _say_last(client, viewer.farewell.result())
        finally:
            expiry.cancel()
            await _stop(relaying)
            await _stop(closing)
        return Cause.GATEWAY_CLOSED

    async def _relay(self, viewer: Viewer, client: Client) -> None:
        """Send what the hub says.

        uvicorn's `send` doesn't suspend while its buffer has room, nor ever again after a
        disconnect. The hub does, at least once for each 64 KiB of whole frames that it hands out;
        without that, a long replay would never let the disconnect in.
        """
        is_first = True
        watch = self._hub.watch(viewer.run_id, viewer.after, active=viewer.active)
        async with aclosing(watch) as events:
            async for event in events:
                data = _render(viewer.stream_format, event)
                if data:
                    await self._deliver(client, data)
                if is_first and isinstance(event, Frames):
                    is_first = False
                    FIRST_EVENT_SECONDS.observe(time.perf_counter() - viewer.began)

    async def _deliver(self, client: Client, data: bytes) -> None:
        """Send, and give up once the client takes nothing; one that reads slowly may."""
        unsent_bytes = client.unsent_bytes()
        while True:
            try:
                async with asyncio.timeout(self._slow_viewer_s):
                    await client.send(data)
            except TimeoutError:
                left_bytes = client.unsent_bytes()
                if left_bytes >= unsent_bytes:
                    raise SlowViewerError from None
                unsent_bytes = left_bytes
            else:
                return

    async def _after_relaying(
        self, relaying: "asyncio.Task[None]", stream_format: StreamFormat, client: Client
    ) -> Cause:
        try:
            await relaying
        except SlowViewerError:
            client.abort()
            return Cause.SLOW
        except ServiceError as error:
            log.warning("stream.failed", code=error.code, detail=error.detail)
            await _say_last(client, stream_format.failed(error.detail))
            return Cause.FAILED
        except Exception:
            log.exception("stream.crashed")
            await _say_last(client, stream_format.failed("The server made a mistake."))
            return Cause.FAILED
        await _say_last(client, b"")
        return Cause.RUN_ENDED


def _render(stream_format: StreamFormat, event: WatchEvent) -> bytes:
    match event:
        case Frames():
            return stream_format.frames(event.data)
        case Snapshot():
            return stream_format.snapshot(event.data)
        case Ended():
            return stream_format.ended(event.status, event.data)
        case Idle():
            return PING


async def _say_last(client: Client, words: bytes) -> None:
    try:
        async with asyncio.timeout(FAREWELL_S):
            if words:
                await client.send(words)
            await client.finish()
    except TimeoutError:
        client.abort()


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio doesn't report it as never retrieved

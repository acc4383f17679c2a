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
from typing import Final

import structlog
from opentelemetry.trace import get_current_span

from chat_gateway.metrics import (
    FIRST_FRAME_SECONDS,
    RELAYED_BYTES,
    RELAYED_FRAMES,
    STREAMS_ENDED,
)
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.sse_writer import PING_S, Client, SlowViewerError, SseWriter
from chat_gateway.streams.stream_format import RECONNECT, StreamFormat
from chat_gateway.streams.viewer import Viewer
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus import Ended, Frames, Idle, RunHub, Snapshot, WatchEvent
from todochat.errors import ServiceError
from todochat.faults import fault_point
from todochat.http.draining import Drain

FRAME_END: Final = b"\n\n"

log = structlog.get_logger(__name__)


class Cause(StrEnum):
    """What ended a stream."""

    RUN_ENDED = "run-ended"
    CLIENT_CLOSED = "client-closed"
    GATEWAY_CLOSED = "gateway-closed"
    FAILED = "failed"
    SLOW = "slow"


class Relay:
    """Runs the streams of this process.

    Args:
        slow_viewer_s: how long a client may take nothing.
        ping_s: how long it may be sent nothing.
    """

    def __init__(
        self,
        hub: RunHub,
        open_streams: OpenStreams,
        presence: ViewerLeases,
        drain: Drain,
        *,
        slow_viewer_s: float,
        ping_s: float = PING_S,
    ) -> None:
        self._hub = hub
        self._open_streams = open_streams
        self._presence = presence
        self._drain = drain
        self._slow_viewer_s = slow_viewer_s
        self._ping_s = ping_s

    async def run(self, viewer: Viewer, client: Client) -> None:
        """Relay until the stream ends, and leave nothing behind."""
        cause = Cause.GATEWAY_CLOSED  # also what it is when this very task is cancelled
        self._open_streams.add(viewer)
        try:
            await self._presence.arrive(viewer)
            fault_point("stream.opened")
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
        outlet = SseWriter(client, slow_viewer_s=self._slow_viewer_s, ping_s=self._ping_s)
        relaying = loop.create_task(self._relay(viewer, outlet))
        pinging = loop.create_task(outlet.keep_alive())
        closing = loop.create_task(client.closed())
        tasks = (relaying, pinging, closing)
        try:
            await asyncio.wait((*tasks, viewer.close_reason), return_when=asyncio.FIRST_COMPLETED)
            ended = next((task for task in (relaying, pinging) if task.done()), None)
            await _stop(pinging)
            if ended is not None:
                return await self._after_relaying(ended, viewer.stream_format, outlet)
            if closing.done():
                return Cause.CLIENT_CLOSED
            await _stop(relaying)
            await outlet.close(viewer.close_reason.result())
        finally:
            expiry.cancel()
            for task in tasks:
                await _stop(task)
        return Cause.GATEWAY_CLOSED

    async def _relay(self, viewer: Viewer, outlet: SseWriter) -> None:
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
                    await outlet.deliver(data)
                    fault_point("frames.relayed")
                if isinstance(event, Frames):
                    RELAYED_FRAMES.inc(event.data.count(FRAME_END))
                    RELAYED_BYTES.inc(len(data))
                    if is_first:
                        is_first = False
                        _note_first_frame(viewer)

    async def _after_relaying(
        self, relaying: "asyncio.Task[None]", stream_format: StreamFormat, outlet: SseWriter
    ) -> Cause:
        try:
            await relaying
        except SlowViewerError:
            outlet.abort()
            return Cause.SLOW
        except ServiceError as error:
            log.warning("stream.failed", code=error.code, detail=error.detail)
            await outlet.close(stream_format.failed(error.detail))
            return Cause.FAILED
        except Exception:
            log.exception("stream.crashed")
            await outlet.close(stream_format.failed("The server made a mistake."))
            return Cause.FAILED
        await outlet.close(b"")
        return Cause.RUN_ENDED


def _note_first_frame(viewer: Viewer) -> None:
    request = "attach" if viewer.is_attached else "turn"
    FIRST_FRAME_SECONDS.labels(request).observe(time.perf_counter() - viewer.began)
    get_current_span().add_event("first frame")


def _render(stream_format: StreamFormat, event: WatchEvent) -> bytes:
    match event:
        case Frames():
            return stream_format.frames(event.data)
        case Snapshot():
            return stream_format.snapshot(event.data)
        case Ended():
            return stream_format.ended(event.status, event.data)
        case Idle():
            return b""  # the outlet pings: a stream may be quiet though its run is not


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio doesn't report it as never retrieved

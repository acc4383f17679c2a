"""Relays a run to one client, until one of five things ends the stream.

the run ends           -> the end marker, if the client's format has one
the client closes      -> nothing; only this can start the grace period of an abandoned run
the gateway closes     -> `: unauthorized` or `: reconnect`
the log can't be read  -> the format's bytes for a failure
the client reads nothing for SLOW_VIEWER_S -> the connection is cut
"""

import asyncio
import time
from contextlib import aclosing
from enum import StrEnum
from typing import Final

import structlog
from litestar.types import Receive, Send
from opentelemetry.trace import get_current_span

from chat_gateway.metrics import (
    FIRST_FRAME_SECONDS,
    RELAYED_BYTES,
    RELAYED_FRAMES,
    STREAMS_ENDED,
)
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.stream_format import RECONNECT, StreamFormat
from chat_gateway.streams.viewer import StreamViewer
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus import Ended, Frames, Idle, RunHub, Snapshot, WatchEvent
from todochat.errors import ServiceError
from todochat.faults import fault_point
from todochat.http.asgi import AsgiClient
from todochat.http.body_writer import BodyEnd, BodyWriter, StalledClientError
from todochat.http.draining import Drain
from todochat.http.raw_response import RawResponse
from todochat.telemetry.logging import bind

FRAME_END: Final = b"\n\n"
PING_S: Final = 15.0

log = structlog.get_logger(__name__)


class StreamEnd(StrEnum):
    """Cause of a stream's end."""

    RUN_ENDED = "run-ended"
    CLIENT_CLOSED = "client-closed"
    GATEWAY_CLOSED = "gateway-closed"
    FAILED = "failed"
    SLOW = "slow"


class Relay:
    """Runs the streams of this process.

    Args:
        slow_viewer_s: a client that reads nothing for this long is cut off.
        ping_s: longest time without a byte to a client.
    """

    def __init__(
        self,
        hub: RunHub,
        open_streams: OpenStreams,
        viewer_leases: ViewerLeases,
        drain: Drain,
        *,
        slow_viewer_s: float,
        ping_s: float = PING_S,
    ) -> None:
        self._hub = hub
        self._open_streams = open_streams
        self._viewer_leases = viewer_leases
        self._drain = drain
        self._slow_viewer_s = slow_viewer_s
        self._ping_s = ping_s

    async def relay_run(self, viewer: StreamViewer, client: AsgiClient) -> None:
        """Relay until the stream ends; release the viewer's leases."""
        cause = StreamEnd.GATEWAY_CLOSED  # also if this task is cancelled
        self._open_streams.add(viewer)
        try:
            await self._viewer_leases.acquire(viewer)
            fault_point("stream.opened")
            cause = await self._relay_until_end(viewer, client)
        finally:
            self._open_streams.remove(viewer)
            STREAMS_ENDED.labels(cause).inc()
            log.info("stream.ended", run_id=viewer.run_id, cause=cause)
            # While the process drains, the connection may also have been closed from this side.
            client_closed = cause is StreamEnd.CLIENT_CLOSED and not self._drain.is_draining
            await self._viewer_leases.release(viewer, client_closed=client_closed)

    async def _relay_until_end(self, viewer: StreamViewer, client: AsgiClient) -> StreamEnd:
        secret_left_s = max(0.0, viewer.identity.expires_at - time.time())
        loop = asyncio.get_running_loop()
        expiry = loop.call_later(secret_left_s, viewer.close, RECONNECT)
        writer = BodyWriter(client, stall_timeout_s=self._slow_viewer_s)
        frames = self._relay_frames(viewer, writer)
        try:
            end = await writer.run(frames, ping_s=self._ping_s, closing=viewer.close_reason)
        except StalledClientError:
            writer.abort()
            return StreamEnd.SLOW
        except ServiceError as error:
            log.warning("stream.failed", code=error.code, detail=error.detail)
            await writer.close(viewer.stream_format.failed(error.detail))
            return StreamEnd.FAILED
        except Exception:
            log.exception("stream.crashed")
            await writer.close(viewer.stream_format.failed("Internal server error."))
            return StreamEnd.FAILED
        finally:
            expiry.cancel()
        if end is BodyEnd.DISCONNECTED:
            return StreamEnd.CLIENT_CLOSED
        if end is BodyEnd.WRITTEN:
            await writer.close()
            return StreamEnd.RUN_ENDED
        await writer.close(viewer.close_reason.result())
        return StreamEnd.GATEWAY_CLOSED

    async def _relay_frames(self, viewer: StreamViewer, writer: BodyWriter) -> None:
        """Send the run's frames.

        uvicorn's `send` doesn't suspend while its buffer has room, nor ever again after a
        disconnect. The hub suspends at least once per 64 KiB of whole frames; otherwise a long
        replay would never notice the disconnect.
        """
        has_sent_frames = False
        watch = self._hub.watch(viewer.run_id, viewer.after, active=viewer.active)
        async with aclosing(watch) as events:
            async for event in events:
                data = _encode_event(viewer.stream_format, event)
                if data:
                    await writer.send(data)
                    fault_point("frames.relayed")
                if isinstance(event, Frames):
                    RELAYED_FRAMES.inc(event.data.count(FRAME_END))
                    RELAYED_BYTES.inc(len(data))
                    if not has_sent_frames:
                        has_sent_frames = True
                        request = "attach" if viewer.is_attached else "turn"
                        seconds = time.perf_counter() - viewer.started_at
                        FIRST_FRAME_SECONDS.labels(request).observe(seconds)
                        get_current_span().add_event("first frame")


def _encode_event(stream_format: StreamFormat, event: WatchEvent) -> bytes:
    match event:
        case Frames():
            return stream_format.frames(event.data)
        case Snapshot():
            return stream_format.snapshot(event.data)
        case Ended():
            return stream_format.ended(event.status, event.data)
        case Idle():
            return b""  # the writer pings: a stream may be idle although its run isn't


class SseResponse(RawResponse):
    """Responds with 200 and relays a run."""

    def __init__(self, viewer: StreamViewer, relay: Relay) -> None:
        bind(run_id=viewer.run_id, thread_id=viewer.thread_id)
        headers = {
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
            "X-Run-Id": viewer.run_id,
            "X-Thread-Id": viewer.thread_id,
        }
        if viewer.conversation_id is not None:
            headers["X-Conversation-Id"] = str(viewer.conversation_id)
        if viewer.replayed:
            headers["Idempotent-Replayed"] = "true"

        async def relay_run(receive: Receive, send: Send) -> None:
            await relay.relay_run(viewer, AsgiClient(receive, send))

        super().__init__(relay_run, headers=headers)

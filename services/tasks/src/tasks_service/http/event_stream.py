"""A streamed response that notices readers who have gone or who take nothing."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import structlog
from litestar.enums import MediaType
from litestar.types import Receive, Send

from todochat.asgi import abort_connection, wait_for_disconnect
from todochat.raw_response import EVENT_STREAM, RawResponse
from todochat.stopping import stop_task

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger(__name__)


class EventStream(RawResponse):
    """What a handler returns to stream server-sent events, or another kind of document."""

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        send_timeout_s: float,
        media_type: MediaType | str = EVENT_STREAM,
    ) -> None:
        super().__init__(self._send, headers=_HEADERS, media_type=media_type)
        self._frames = frames
        self._send_timeout_s = send_timeout_s

    async def _send(self, receive: Receive, send: Send) -> None:
        """Send the frames; return when there are no more, or nobody takes them."""
        sender = asyncio.create_task(self._send_frames(receive, send))
        gone = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop_task(gone)
            await stop_task(sender)
            await self._frames.aclose()
        if not sender.cancelled() and (error := sender.exception()) is not None:
            log.error("feed.crashed", exc_info=error)

    async def _send_frames(self, receive: Receive, send: Send) -> None:
        async for frame in self._frames:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            except TimeoutError:
                log.info("feed.reader_stalled", timeout_s=self._send_timeout_s)
                abort_connection(receive)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

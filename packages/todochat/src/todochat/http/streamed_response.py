"""A streamed response that ends when its reader disconnects or stalls."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import structlog
from litestar.enums import MediaType
from litestar.types import Receive, Send

from todochat.background import stop_task
from todochat.http.asgi import abort_connection, wait_for_disconnect
from todochat.http.raw_response import EVENT_STREAM, RawResponse

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger(__name__)


class StreamedResponse(RawResponse):
    """Streams server-sent events, or another kind of document.

    Args:
        chunks: the body; closed when the response ends, for whatever reason.
        send_timeout_s: a reader that accepts nothing for this long is disconnected.
        headers: in addition to those that keep a stream from being cached or buffered.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        send_timeout_s: float,
        media_type: MediaType | str = EVENT_STREAM,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self._send, headers={**_HEADERS, **(headers or {})}, media_type=media_type)
        self._chunks = chunks
        self._send_timeout_s = send_timeout_s

    async def _send(self, receive: Receive, send: Send) -> None:
        sender = asyncio.create_task(self._send_chunks(receive, send))
        gone = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop_task(gone)
            await stop_task(sender)
            await self._chunks.aclose()
        if not sender.cancelled() and (error := sender.exception()) is not None:
            log.error("stream.failed", exc_info=error)

    async def _send_chunks(self, receive: Receive, send: Send) -> None:
        async for chunk in self._chunks:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except TimeoutError:
                log.info("stream.reader_stalled", timeout_s=self._send_timeout_s)
                abort_connection(receive)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

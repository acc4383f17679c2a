"""A streamed response that ends when its reader disconnects or stalls."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import structlog
from litestar.enums import MediaType
from litestar.types import Receive, Send

from todochat.http.asgi import AsgiClient
from todochat.http.body_writer import BodyWriter, StalledClientError
from todochat.http.raw_response import EVENT_STREAM, RawResponse

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger(__name__)


class StreamedResponse(RawResponse):
    """Streams server-sent events, or another kind of document.

    Args:
        chunks: the body; closed when the response ends, for whatever reason.
        send_timeout_s: a reader that accepts nothing for this long is disconnected.
        ping_s: idle time before a `: ping`; None: no pings.
        headers: in addition to those that keep a stream from being cached or buffered.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        send_timeout_s: float,
        ping_s: float | None = None,
        media_type: MediaType | str = EVENT_STREAM,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self._send, headers={**_HEADERS, **(headers or {})}, media_type=media_type)
        self._chunks = chunks
        self._send_timeout_s = send_timeout_s
        self._ping_s = ping_s

    async def _send(self, receive: Receive, send: Send) -> None:
        writer = BodyWriter(AsgiClient(receive, send), stall_timeout_s=self._send_timeout_s)

        async def write_chunks() -> None:
            try:
                async for chunk in self._chunks:
                    await writer.send(chunk)
                await writer.finish()
            except StalledClientError:
                raise
            except Exception:  # also while it is stopped
                log.exception("stream.failed")

        try:
            await writer.run(write_chunks(), ping_s=self._ping_s)
        except StalledClientError:
            log.info("stream.reader_stalled", timeout_s=self._send_timeout_s)
            writer.abort()
        finally:
            await self._chunks.aclose()

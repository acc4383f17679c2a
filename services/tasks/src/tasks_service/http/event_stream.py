"""A streamed response that notices readers who have gone or who take nothing.

Litestar's own streaming response cancels its generator through an anyio scope, which cancels
every await of the clean-up again; here the generator is cancelled once and then closed.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from todochat.asgi import abort_connection
from todochat.stopping import stop_task

EVENT_STREAM: Final = "text/event-stream"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger(__name__)


class EventStreamResponse(ASGIResponse):
    """Sends what the generator yields until it ends, the reader goes or stalls."""

    _should_set_content_length = False

    def __init__(
        self, frames: AsyncGenerator[bytes, None], *, send_timeout_s: float, **options: Any
    ) -> None:
        super().__init__(**options)
        self._frames = frames
        self._send_timeout_s = send_timeout_s

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send the frames; return when there are no more, or nobody takes them."""
        sender = asyncio.create_task(self._send_frames(send, receive))
        gone = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop_task(gone)
            await stop_task(sender)
            await self._frames.aclose()
        if not sender.cancelled() and (error := sender.exception()) is not None:
            log.error("feed.crashed", exc_info=error)

    async def _send_frames(self, send: Send, receive: Receive) -> None:
        async for frame in self._frames:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            except TimeoutError:
                log.info("feed.reader_stalled", timeout_s=self._send_timeout_s)
                abort_connection(receive)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(Response[bytes]):
    """What a handler returns to stream server-sent events, or another kind of document."""

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        *,
        send_timeout_s: float,
        media_type: MediaType | str = EVENT_STREAM,
    ) -> None:
        super().__init__(content=b"", media_type=media_type, headers=_HEADERS)
        self._frames = frames
        self._send_timeout_s = send_timeout_s

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002 - the framework's signature
        request: Request[Any, Any, Any],  # noqa: ARG002
        *,
        background: BackgroundTask | BackgroundTasks | None = None,
        cookies: Iterable[Cookie] | None = None,
        encoded_headers: Iterable[tuple[bytes, bytes]] | None = None,  # noqa: ARG002
        headers: dict[str, str] | None = None,
        is_head_response: bool = False,
        media_type: MediaType | str | None = None,  # noqa: ARG002
        status_code: int | None = None,
        type_encoders: Any = None,  # noqa: ARG002
    ) -> ASGIResponse:
        """Make the response that sends the frames."""
        return EventStreamResponse(
            self._frames,
            send_timeout_s=self._send_timeout_s,
            media_type=self.media_type,
            background=background,
            cookies=cookies or (),
            headers={**(headers or {}), **self.headers},
            is_head_response=is_head_response,
            status_code=self.status_code or status_code,
        )


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""A response that sends its body directly through ASGI's `receive` and `send`.

Litestar's `Stream` and `ServerSentEvent` pull from a generator: a disconnected client can't be
distinguished from a stopping server, no write has a timeout, and the generator is cancelled through
an anyio scope, which cancels every await of its clean-up again.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

EVENT_STREAM: Final = "text/event-stream"

SendBody = Callable[[Receive, Send], Awaitable[None]]


class RawResponse(Response[None]):
    """Response of a handler that streams.

    Args:
        send_body: sends `http.response.body` messages until the body ends.
    """

    def __init__(
        self,
        send_body: SendBody,
        *,
        headers: Mapping[str, str],
        media_type: MediaType | str = EVENT_STREAM,
    ) -> None:
        super().__init__(None, headers=dict(headers), media_type=media_type)
        self._send_body = send_body

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002 - Litestar's signature
        request: Request[Any, Any, Any],  # noqa: ARG002 - as above
        *,
        background: BackgroundTask | BackgroundTasks | None = None,
        cookies: Iterable[Cookie] | None = None,
        encoded_headers: Iterable[tuple[bytes, bytes]] | None = None,  # noqa: ARG002 - as above
        headers: dict[str, str] | None = None,
        is_head_response: bool = False,
        media_type: MediaType | str | None = None,  # noqa: ARG002 - as above
        status_code: int | None = None,
        type_encoders: Mapping[Any, Callable[[Any], Any]] | None = None,  # noqa: ARG002 - as above
    ) -> ASGIResponse:
        """Return the ASGI application that sends it."""
        return _AsgiRawResponse(
            self._send_body,
            background=background,
            cookies=cookies,
            headers={**(headers or {}), **self.headers},
            is_head_response=is_head_response,
            media_type=self.media_type,
            status_code=self.status_code or status_code,
        )


class _AsgiRawResponse(ASGIResponse):
    _should_set_content_length = False

    def __init__(self, send_body: SendBody, **options: Any) -> None:
        super().__init__(**options)
        self._send_body = send_body

    async def send_body(self, send: Send, receive: Receive) -> None:
        await self._send_body(receive, send)

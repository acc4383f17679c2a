"""A response whose body is one relayed stream.

Litestar's own `Stream` and `ServerSentEvent` are not used: they pull from a generator, so nobody
can tell a client that went away from a server that stops, no write has a time limit, and while a
generator waits for the next frame nothing can be said to the client. Here the relay gets the two
ASGI callables themselves.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from litestar import Request, Response
from litestar.app import Litestar
from litestar.background_tasks import BackgroundTask, BackgroundTasks
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from chat_gateway.streams.relay import Relay
from chat_gateway.streams.viewer import Viewer

EVENT_STREAM: Final = "text/event-stream"


class AsgiClient:
    """The client at the other end of an ASGI response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        # ASGI has no word for cutting a connection, and a response that just ends would keep the
        # socket of a client that never reads for ever. uvicorn's `receive` is a method of the
        # object that also holds the transport. Another server only loses these two abilities.
        self._transport = getattr(getattr(receive, "__self__", None), "transport", None)

    async def send(self, data: bytes) -> None:
        """Send some bytes."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        """End the response."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def closed(self) -> None:
        """Return when the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def unsent_bytes(self) -> int:
        """Return the length of the transport's buffer."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()


class SseResponse(Response[None]):
    """Answers 200 and relays a run."""

    def __init__(self, viewer: Viewer, relay: Relay) -> None:
        super().__init__(None, headers=_headers(viewer), media_type=EVENT_STREAM)
        self._viewer = viewer
        self._relay = relay

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
        return _AsgiSseResponse(
            self._viewer,
            self._relay,
            background=background,
            cookies=cookies,
            headers={**(headers or {}), **self.headers},
            is_head_response=is_head_response,
            media_type=EVENT_STREAM,
            status_code=status_code,
        )


class _AsgiSseResponse(ASGIResponse):
    _should_set_content_length = False

    def __init__(self, viewer: Viewer, relay: Relay, **options: Any) -> None:
        super().__init__(**options)
        self._viewer = viewer
        self._relay = relay

    async def send_body(self, send: Send, receive: Receive) -> None:
        await self._relay.run(self._viewer, AsgiClient(receive, send))


def _headers(viewer: Viewer) -> dict[str, str]:
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
    return headers

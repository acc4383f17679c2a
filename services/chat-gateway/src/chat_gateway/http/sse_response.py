"""A streamed response that relays a run to its ASGI client."""

from litestar.types import Receive, Send

from chat_gateway.streams.relay import Relay
from chat_gateway.streams.viewer import StreamViewer
from todochat.http.asgi import abort_connection, find_transport, wait_for_disconnect
from todochat.http.raw_response import RawResponse
from todochat.telemetry.logging import bind


class AsgiClient:
    """The client of an ASGI response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport = find_transport(receive)

    async def send(self, data: bytes) -> None:
        """Send some bytes."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        """End the response."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def closed(self) -> None:
        """Return when the client has closed the connection."""
        await wait_for_disconnect(self._receive)

    def unsent_bytes(self) -> int:
        """Return the length of the transport's buffer."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def abort(self) -> None:
        """Cut the connection."""
        abort_connection(self._receive)


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

"""A streamed response that relays a run to its ASGI client."""

from litestar.types import Receive, Send

from chat_gateway.streams.relay import Relay
from chat_gateway.streams.viewer import StreamViewer
from todochat.http.asgi import AsgiClient
from todochat.http.raw_response import RawResponse
from todochat.telemetry.logging import bind


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

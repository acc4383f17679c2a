"""`POST /api/{user_id}/chat`: a chat request of either form."""

import time
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter

from chat_gateway.clients.agent_client import PlainAnswer
from chat_gateway.errors import MalformedBodyError
from chat_gateway.http.documentation import BEARER, ChatOperation
from chat_gateway.http.guards import require_own_secret
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.http.sse_response import SseResponse
from chat_gateway.service import ChatRequest, ChatService
from chat_gateway.streams.relay import Relay
from todochat.contracts.dictation import MAX_DICTATION_BODY_BYTES, read_chat_body
from todochat.http.idempotency import HEADER as IDEMPOTENCY_HEADER
from todochat.http.idempotency import parse_idempotency_key
from todochat.http.openapi import problems
from todochat.identity.tokens import Identity
from todochat.telemetry.tracing import valid_trace_headers

RESUMABLE_HEADER: Final = "X-Resumable"

# All that todo-agent sees of a browser's headers. Others, above all X-Run-Id and Authorization,
# end here.
_PASSED_HEADERS: Final = ("Accept-Language", "X-Timezone")


class ChatController(Controller):
    """Chat requests."""

    path = "/api/{user_id:str}/chat"
    tags = ["chat"]
    guards = [require_own_secret]
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @post(
        status_code=200,
        request_max_body_size=MAX_DICTATION_BODY_BYTES,
        operation_class=ChatOperation,
        responses=problems(400, 401, 403, 404, 409, 410, 413, 422, 429, 503),
    )
    async def chat(
        self,
        request: Request[Any, Identity, State],
        service: NamedDependency[ChatService],
        relay: NamedDependency[Relay],
        x_resumable: Annotated[
            str | None,
            HeaderParameter(
                name=RESUMABLE_HEADER,
                description="`1`: send `id:` lines and the end marker; I reattach by myself.",
            ),
        ] = None,
    ) -> Response[Any]:
        """Send a message, or any other request of the ChatKit protocol.

        What calls the model is answered with server-sent events, everything else with JSON. A
        body without `type` is the simple form; its answer is `{"type":"text"}` lines.
        """
        began = time.perf_counter()
        key = parse_idempotency_key(request.headers)
        body = await read_chat_body(request, request.app.state.settings.body_limit_bytes)
        answer = await service.submit(
            request.auth,
            ChatRequest(
                body=body,
                request_type=_request_type(body),
                headers=_passed_headers(request, key),
                said_resumable=x_resumable == "1",
                began=began,
            ),
        )
        if isinstance(answer, PlainAnswer):
            return Response(answer.body, headers=answer.headers)
        return SseResponse(answer, relay)


class _Body(msgspec.Struct):
    type: str | msgspec.UnsetType | Any = msgspec.UNSET


def _request_type(body: bytes) -> str | None:
    """Return ChatKit's `type`, or None for the simple form; nothing else is looked at."""
    try:
        found = msgspec.json.decode(body, type=_Body).type
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBodyError("The body must be a JSON object.") from error
    if found is msgspec.UNSET:
        return None
    return found if isinstance(found, str) else repr(found)


def _passed_headers(request: Request[Any, Any, Any], idempotency_key: str | None) -> dict[str, str]:
    headers = {
        name: request.headers[name.lower()]
        for name in _PASSED_HEADERS
        if name.lower() in request.headers
    }
    # Also while no spans are recorded here: the worker's may be.
    headers |= valid_trace_headers(request.headers)
    headers["X-Request-Id"] = request.scope["state"]["request_id"]
    if idempotency_key is not None:
        headers[IDEMPOTENCY_HEADER] = idempotency_key
    return headers

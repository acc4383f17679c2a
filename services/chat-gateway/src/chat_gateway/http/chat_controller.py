"""`POST /api/{user_id}/chat`: a chat request of either form."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import Headers
from litestar.di import NamedDependency
from litestar.params import HeaderParameter

from chat_gateway.clients.agent_client import RelayedResponse
from chat_gateway.errors import MalformedBodyError
from chat_gateway.http.agent_paths import named_agent
from chat_gateway.http.documentation import BEARER, ChatOperation
from chat_gateway.http.guards import AdmittedRequest, admit_secret, costs
from chat_gateway.http.rejections import COUNTING_HANDLERS
from chat_gateway.run_service import ChatRequest
from chat_gateway.services import Services
from chat_gateway.streams.admission import PLAIN_COST, Cost, cost_of_request_type
from chat_gateway.streams.relay import SseResponse
from todochat.contracts.client_headers import (
    CLIENT_HEADERS,
    MAX_CLIENT_HEADER_BYTES,
    encode_client_headers,
)
from todochat.contracts.dictation import MAX_DICTATION_BODY_BYTES, read_chat_body
from todochat.errors import HeadersTooLargeError
from todochat.http.idempotency import HEADER as IDEMPOTENCY_HEADER
from todochat.http.idempotency import parse_idempotency_key
from todochat.http.openapi import problems
from todochat.telemetry.tracing import valid_trace_headers

RESUMABLE_HEADER: Final = "X-Resumable"

# The only headers of the browser that todo-agent gets, except those that a setting names. Others,
# above all X-Run-Id and Authorization, are dropped.
_FORWARDED_HEADERS: Final = ("Accept-Language", "X-Timezone")


class ChatBody(msgspec.Struct, frozen=True):
    """A chat request's body; `request_type` is ChatKit's `type`, None for the simple form."""

    content: bytes
    request_type: str | None


class _TypedBody(msgspec.Struct):
    type: str | msgspec.UnsetType | Any = msgspec.UNSET


async def cost_of_chat_request(request: Request[Any, Any, Any]) -> Cost:
    """Read the body into `request.state.chat_body`; return the cost of its request type.

    Raises:
        MalformedBodyError: the body isn't a JSON object.
        PayloadTooLargeError: the body is too long.
    """
    body = await read_chat_body(request, request.app.state.settings.body_limit_bytes)
    try:
        found = msgspec.json.decode(body, type=_TypedBody).type
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBodyError("The body must be a JSON object.") from error
    if found is msgspec.UNSET:
        request_type = None
    else:
        request_type = found if isinstance(found, str) else repr(found)
    request.state.chat_body = ChatBody(body, request_type)
    return cost_of_request_type(request_type)


class ChatController(Controller):
    """Chat requests."""

    path = "/api/{user_id:str}/chat"
    tags = ["chat"]
    guards = [admit_secret]
    opt = costs(PLAIN_COST)  # of Litestar's OPTIONS handler, which has no body
    security = BEARER
    exception_handlers = COUNTING_HANDLERS

    @post(
        status_code=200,
        opt=costs(cost_of_chat_request),
        request_max_body_size=MAX_DICTATION_BODY_BYTES,
        operation_class=ChatOperation,
        responses=problems(400, 401, 403, 404, 409, 410, 413, 422, 429, 431, 503),
    )
    async def chat(
        self,
        request: AdmittedRequest,
        services: NamedDependency[Services],
        x_resumable: Annotated[
            str | None,
            HeaderParameter(
                name=RESUMABLE_HEADER,
                description="`1`: send `id:` lines and the end marker; the client reattaches.",
            ),
        ] = None,
    ) -> Response[Any]:
        """Send a message, or any other request of the ChatKit protocol.

        Requests that call the model get server-sent events, all others get JSON. A body without
        `type` is the simple form; its response consists of `{"type":"text"}` lines.
        """
        body: ChatBody = request.state.chat_body
        async with services.admission.releasing_stream_slot(request.auth):
            headers = {
                name: request.headers[name.lower()]
                for name in _FORWARDED_HEADERS
                if name.lower() in request.headers
            }
            headers |= read_client_headers(request.headers, request.app.state.forwarded_headers)
            # Also if this process records no spans: the worker may record some.
            headers |= valid_trace_headers(request.headers)
            headers["X-Request-Id"] = request.scope["state"]["request_id"]
            if (idempotency_key := parse_idempotency_key(request.headers)) is not None:
                headers[IDEMPOTENCY_HEADER] = idempotency_key
            chat_request = ChatRequest(
                agent=named_agent(request),
                body=body.content,
                request_type=body.request_type,
                headers=headers,
                is_resumable=x_resumable == "1",
            )
            outcome = await services.runs.submit_request(request.auth, chat_request)
            if isinstance(outcome, RelayedResponse):
                # Clients look for a thread's run only if they know that the server has runs.
                return Response(outcome.body, headers={**outcome.headers, RESUMABLE_HEADER: "1"})
            request.auth.hand_over_stream_slot()
            return SseResponse(outcome, services.relay)


def read_client_headers(headers: Headers, names: Sequence[str]) -> dict[str, str]:
    """Return the header that forwards those of the client that `names` lists; empty without any.

    Raises:
        HeadersTooLargeError: they exceed MAX_CLIENT_HEADER_BYTES.
    """
    found = {name: ", ".join(headers.getall(name)) for name in names if name in headers}
    if not found:
        return {}
    encoded = encode_client_headers(found)
    if len(encoded) > MAX_CLIENT_HEADER_BYTES:
        listed = ", ".join(found)
        msg = f"The headers {listed} have more than {MAX_CLIENT_HEADER_BYTES} bytes."
        raise HeadersTooLargeError(msg)
    return {CLIENT_HEADERS: encoded}

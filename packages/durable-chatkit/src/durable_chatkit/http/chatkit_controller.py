"""Handles the gateway's ChatKit requests: reads caller, headers and body, and responds."""

import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Controller, MediaType, Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from durable_chatkit.chatkit.acceptance import InboundRequest
from durable_chatkit.services import Services
from durable_chatkit.settings import ChatSettings
from todochat.contracts.agents import AGENT_HEADER
from todochat.contracts.client_headers import CLIENT_HEADERS, decode_client_headers
from todochat.contracts.dictation import MAX_DICTATION_BODY_BYTES, read_chat_body
from todochat.contracts.runs import AcceptedRun
from todochat.database.outage import OUTAGE_HANDLERS
from todochat.errors import BadRequestError, NotFoundError, UnauthorizedError
from todochat.http.idempotency import REPLAYED_HEADER, parse_idempotency_key
from todochat.http.problems import Problem
from todochat.identity.service_tokens import Arrow, ServiceIdentity, ServiceTokens
from todochat.identity.tokens import bearer_token
from todochat.ids import is_user_id, new_id
from todochat.telemetry.logging import bind
from todochat.telemetry.tracing import TRACEPARENT, valid_trace_headers

BODY_LIMIT_BYTES: Final = 256 * 1024
CALLERS: Final = (Arrow.GATEWAY_TO_AGENT,)

_RUN_ID: Final = re.compile(r"run_[0-9a-z]{26}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_MAX_ZONE_CHARS: Final = 64


def provide_caller(request: Request[Any, Any, Any], state: State) -> ServiceIdentity:
    """Verify the service token.

    Raises:
        UnauthorizedError: it is missing, or not from a caller of this API.
    """
    tokens: ServiceTokens = state.service_tokens
    caller = tokens.verify(CALLERS, bearer_token(request.headers))
    if not is_user_id(caller.user_id):
        raise UnauthorizedError("The service token names no user.")
    bind(user_id=caller.user_id)
    return caller


async def provide_inbound_request(
    request: Request[Any, Any, Any], caller: NamedDependency[ServiceIdentity], state: State
) -> InboundRequest:
    """Read headers and body.

    Raises:
        NotFoundError: X-Agent names another agent.
        BadRequestError: X-Run-Id, X-Client-Headers or Idempotency-Key is malformed.
        PayloadTooLargeError: the body exceeds 256 KiB and is no dictation.
    """
    headers = request.headers
    settings: ChatSettings = state.settings
    if headers.get(AGENT_HEADER.lower(), settings.agent_name) != settings.agent_name:
        # The address of another agent's api, which would mix the threads of two agents.
        msg = f"This is the api of the agent {settings.agent_name}."
        raise NotFoundError(msg)
    run_id = headers.get("x-run-id")
    if run_id is not None and _RUN_ID.fullmatch(run_id) is None:
        raise BadRequestError("X-Run-Id is not a run ID.")
    try:
        client_headers = decode_client_headers(headers.get(CLIENT_HEADERS.lower(), "{}"))
    except ValueError as error:
        msg = f"{CLIENT_HEADERS} is not a JSON object of strings, or too long."
        raise BadRequestError(msg) from error
    # The first language of the list: browsers list languages in order of preference.
    language = headers.get("accept-language", "").partition(",")[0].partition(";")[0].strip()
    return InboundRequest(
        user_id=caller.user_id,
        run_id=run_id or new_id("run"),
        body=await read_chat_body(request, BODY_LIMIT_BYTES),
        idempotency_key=parse_idempotency_key(headers),
        timezone=timezone_or_utc(headers.get("x-timezone", "")),
        locale=language if _LOCALE.fullmatch(language) else "en",
        traceparent=valid_trace_headers(headers).get(TRACEPARENT),
        headers=client_headers,
    )


def timezone_or_utc(name: str) -> str:
    """Return an IANA time zone; UTC for anything else, since a bad header must not fail a turn."""
    if not name or len(name) > _MAX_ZONE_CHARS:
        return "UTC"
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):  # unknown, or a directory of zones
        return "UTC"


_PROBLEMS = {
    400: "The body is not JSON, or its `type` is unknown.",
    401: "No valid service token.",
    404: "No such thread or item; `no-active-run` for `run.attach`.",
    409: "`thread-busy` with `run_id` and `thread_id`; `thread-locked`; `not-pending`;"
    " `idempotency-in-progress`.",
    413: "The body is longer than 256 KiB; for `input.transcribe`, 2.7 MiB.",
    422: "A field is invalid; `feature-unavailable`; `idempotency-key-reused`.",
    429: "`too-many-runs`, with Retry-After.",
    503: "`queue-full`, or the database is unreachable; with Retry-After.",
}


class ChatKitController(Controller):
    """Handles ChatKit requests and the simple form."""

    path = "/internal/chatkit"
    tags = ["chatkit"]
    security = [{"bearer": []}]
    exception_handlers = OUTAGE_HANDLERS

    @post(
        status_code=200,
        request_max_body_size=MAX_DICTATION_BODY_BYTES,
        responses={
            202: ResponseSpec(
                AcceptedRun, description="Accepted: the run's stream is the response."
            ),
            **{
                status: ResponseSpec(
                    Problem, description=text, media_type="application/problem+json"
                )
                for status, text in _PROBLEMS.items()
            },
        },
    )
    async def handle(
        self, inbound: NamedDependency[InboundRequest], services: NamedDependency[Services]
    ) -> Response[Any]:
        """Respond with JSON to requests that need no model; accept the others as runs (202)."""
        outcome = await services.chat.handle(inbound)
        if isinstance(outcome, bytes):
            return Response(outcome, media_type=MediaType.JSON)
        headers = {REPLAYED_HEADER: "true"} if outcome.replayed else {}
        return Response(outcome, status_code=202, headers=headers)

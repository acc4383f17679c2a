"""What comes with a request besides its route: who calls, for whom, and how."""

import re
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency

from durable_chatkit.chatkit.acceptance import InboundRequest
from todochat.contracts.dictation import read_chat_body
from todochat.errors import BadRequestError, UnauthorizedError
from todochat.http.idempotency import parse_idempotency_key
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
        UnauthorizedError: there is none, or it isn't one of a caller of this api.
    """
    tokens: ServiceTokens = state.service_tokens
    caller = tokens.verify(CALLERS, bearer_token(request.headers))
    if not is_user_id(caller.user_id):
        raise UnauthorizedError("The service token names no user.")
    bind(user_id=caller.user_id)
    return caller


async def provide_inbound_request(
    request: Request[Any, Any, Any], caller: NamedDependency[ServiceIdentity]
) -> InboundRequest:
    """Read body and headers.

    Raises:
        BadRequestError: X-Run-Id or Idempotency-Key is malformed.
        PayloadTooLargeError: the body has more than 256 KiB and is no dictation.
    """
    headers = request.headers
    return InboundRequest(
        user_id=caller.user_id,
        run_id=_run_id(headers),
        body=await read_chat_body(request, BODY_LIMIT_BYTES),
        idempotency_key=parse_idempotency_key(headers),
        timezone=_timezone(headers.get("x-timezone", "")),
        locale=_locale(headers.get("accept-language", "")),
        traceparent=valid_trace_headers(headers).get(TRACEPARENT),
    )


def _run_id(headers: Mapping[str, str]) -> str:
    proposed = headers.get("x-run-id")
    if proposed is None:
        return new_id("run")
    if _RUN_ID.fullmatch(proposed) is None:
        raise BadRequestError("X-Run-Id is not the id of a run.")
    return proposed


def _timezone(name: str) -> str:
    """Return an IANA name; a browser's nonsense must not fail a turn, so it counts as UTC."""
    if not name or len(name) > _MAX_ZONE_CHARS:
        return "UTC"
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, KeyError):  # not a zone's name, or a directory of zones
        return "UTC"


def _locale(accept_language: str) -> str:
    """Return the first language of the list; the order is what browsers mean by it."""
    first = accept_language.partition(",")[0].partition(";")[0].strip()
    return first if _LOCALE.fullmatch(first) else "en"

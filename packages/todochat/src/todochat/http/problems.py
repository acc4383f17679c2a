"""Errors on the wire: `application/problem+json` (RFC 9457), one shape for every failure.

Litestar's own ProblemDetailsPlugin is not used: in 2.25 it puts the detail into `title`, responds to
invalid input with 400 and leaves unmapped exceptions as plain JSON.
"""

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from todochat.errors import (
    BadRequestError,
    ConflictError,
    FieldError,
    ForbiddenError,
    GoneError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    PreconditionFailedError,
    RequestTimeoutError,
    ServiceError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from todochat.telemetry.metrics import RATE_LIMITED

PROBLEM_JSON: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:todochat:problem:"

log = structlog.get_logger(__name__)

_INDEX: Final = re.compile(r"\[(\d+)\]")

_CODES: Final = {
    error.status: error.code
    for error in (
        BadRequestError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        RequestTimeoutError,
        ConflictError,
        GoneError,
        PreconditionFailedError,
        PayloadTooLargeError,
        InvalidInputError,
        TooManyRequestsError,
        UnavailableError,
    )
}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document; services may add members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    request_id: str = ""
    errors: list[FieldError] = msgspec.field(default_factory=list)


def problem_document(error: ServiceError, *, instance: str = "", request_id: str = "") -> bytes:
    """Encode an error as a problem document, its extensions as further members."""
    return _encode(error.code, error.title, error.status, error, instance, request_id)


def handle_service_error(request: Request[Any, Any, Any], error: ServiceError) -> Response[bytes]:
    """Respond to an error of a service."""
    if error.status == HTTPStatus.TOO_MANY_REQUESTS and "code" not in vars(error):
        # A code on the instance is that of another service, which has counted it.
        RATE_LIMITED.labels(error.code).inc()
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request.failed", code=error.code, route=_route(request))
    return _response(problem_document(error, **_place(request)), error.status, error)


def handle_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Respond to errors of the framework: no route, wrong method, malformed or invalid input."""
    if isinstance(error, ValidationException):
        return handle_service_error(request, _invalid_input(error))
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return handle_exception(request, error)
    phrase = HTTPStatus(error.status_code).phrase
    code = _CODES.get(error.status_code, phrase.lower().replace(" ", "-"))
    problem = ServiceError(error.detail or phrase, headers=error.headers)
    body = _encode(code, phrase, error.status_code, problem, **_place(request))
    return _response(body, error.status_code, problem)


def handle_undecodable_body(
    request: Request[Any, Any, Any], _: UnicodeDecodeError
) -> Response[bytes]:
    """Respond with 400 to a body that isn't UTF-8, for which Litestar would return 500."""
    return handle_service_error(request, BadRequestError("The body is not UTF-8."))


def handle_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Respond with 500 without the cause, and log the cause once."""
    log.error("request.crashed", route=_route(request), exc_info=error)
    problem = ServiceError("Internal server error. Quote the request ID when you report it.")
    return _response(problem_document(problem, **_place(request)), problem.status, problem)


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    ServiceError: handle_service_error,
    HTTPException: handle_http_exception,
    UnicodeDecodeError: handle_undecodable_body,
    Exception: handle_exception,
}


def _invalid_input(error: ValidationException) -> InvalidInputError:
    extra = error.extra if isinstance(error.extra, list) else []
    faults = [
        FieldError(pointer=_pointer(item), detail=str(item.get("message", "is invalid")))
        for item in extra
        # Describing a route for OpenAPI adds the path parameters that its handler doesn't take to
        # the fields of the handler, where Litestar then misses them (a KeyError).
        if isinstance(item, dict) and item.get("message") != repr(item.get("key"))
    ]
    if faults:
        detail = "; ".join(": ".join(filter(None, (f.pointer, f.detail))) for f in faults)
    else:
        detail = "The request doesn't match the schema of this route."
    return InvalidInputError(detail, errors=faults)


def _pointer(item: dict[str, Any]) -> str:
    key = str(item.get("key", ""))
    if key == "data":  # Litestar's name for the whole body
        return ""
    if item.get("source") in ("query", "header", "cookie", "path"):
        return key
    return "/" + _INDEX.sub(r"/\1", key).replace(".", "/") if key else ""


def _route(request: Request[Any, Any, Any]) -> str:
    """Return the route's template: the path contains user ids."""
    return str(request.scope.get("path_template") or "unmatched")


def _place(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {
        "instance": request.scope["path"],
        "request_id": request.scope["state"].get("request_id", ""),
    }


def _encode(
    code: str, title: str, status: int, error: ServiceError, instance: str, request_id: str
) -> bytes:
    members: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": error.detail,
        "instance": instance,
        "request_id": request_id,
        **error.extensions,
    }
    return msgspec.json.encode({k: v for k, v in members.items() if v not in (None, "", [])})


def _response(body: bytes, status: int, error: ServiceError) -> Response[bytes]:
    headers = {**error.headers, "Cache-Control": "no-store"}
    return Response(body, status_code=status, headers=headers, media_type=PROBLEM_JSON)

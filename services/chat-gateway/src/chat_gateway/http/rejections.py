"""Exception handlers that count refusals, then respond as every service does."""

from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from chat_gateway.metrics import REJECTIONS
from todochat.errors import ServiceError
from todochat.http.problems import handle_http_exception, handle_service_error

# The codes that operators look for; all others share a label, which bounds the number of series.
_COUNTED: Final = frozenset(
    {
        "agent-failed",
        "budget-spent",
        "bus-unavailable",
        "forbidden",
        "queue-full",
        "run-log-expired",
        "run-not-found",
        "store-unavailable",
        "thread-busy",
        "too-many-requests",
        "too-many-runs",
        "too-many-streams",
        "too-many-turns",
        "unauthorized",
        "upstream-unavailable",
    }
)


def count_service_error(request: Request[Any, Any, Any], error: ServiceError) -> Response[bytes]:
    """Count a refusal by its problem code."""
    REJECTIONS.labels(error.code if error.code in _COUNTED else "other").inc()
    return handle_service_error(request, error)


def count_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Count a refusal by Litestar."""
    REJECTIONS.labels("payload-too-large" if error.status_code == 413 else "other").inc()
    return handle_http_exception(request, error)


COUNTING_HANDLERS: Final[ExceptionHandlersMap] = {
    ServiceError: count_service_error,
    HTTPException: count_http_exception,
}

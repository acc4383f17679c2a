"""A body that isn't UTF-8 is the caller's mistake.

msgspec raises UnicodeDecodeError for it when the wrong byte is inside a string, which Litestar
doesn't take for a decoding error and would answer with 500.
"""

from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from todochat.errors import BadRequestError
from todochat.problems import handle_service_error


def refuse_undecodable(
    request: Request[Any, Any, Any],
    _: UnicodeDecodeError,
) -> Response[bytes]:
    """Answer 400."""
    return handle_service_error(request, BadRequestError("The body is not UTF-8."))


UNDECODABLE_BODY: ExceptionHandlersMap = {UnicodeDecodeError: refuse_undecodable}

"""How failures are documented in OpenAPI, and one that the framework leaves to us."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec

from todochat.errors import BadRequestError
from todochat.problems import PROBLEM_JSON, Problem, handle_service_error


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document the failures a route answers with, each as a problem document."""
    return {status: _spec(status) for status in statuses}


def _spec(status: int) -> ResponseSpec:
    return ResponseSpec(
        data_container=Problem,
        media_type=PROBLEM_JSON,
        description=HTTPStatus(status).phrase,
        generate_examples=False,
    )


def refuse_undecodable(
    request: Request[Any, Any, Any],
    _error: Exception,
) -> Response[bytes]:
    """Answer 400 to a body that is not UTF-8; Litestar only expects that it isn't JSON."""
    return handle_service_error(request, BadRequestError("The body is not valid UTF-8."))

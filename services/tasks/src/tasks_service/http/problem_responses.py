"""How answers are documented in OpenAPI."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Litestar
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec

from todochat.problems import PROBLEM_JSON, Problem

_STRICT: Final = ("CreateTask", "UpdateTask", "CreateList", "UpdateList", "Due")

READ_PROBLEMS: Final = (400, 401, 403, 422, 429, 503)
WRITE_PROBLEMS: Final = (400, 401, 403, 409, 413, 422, 429, 503)


def documented(
    success: HTTPStatus, body: Any, description: str, *problems: int
) -> dict[int, ResponseSpec]:
    """Document a route's answers: its success and each failure as a problem document."""
    return {
        success: ResponseSpec(
            body, generate_examples=False, description=description, media_type=MediaType.JSON
        ),
        **{status: _problem(status) for status in problems},
    }


def document_strictness(app: Litestar) -> None:
    """Say of each request body that unknown fields are refused; Litestar doesn't by itself."""
    schemas = app.openapi_schema.components.schemas or {}
    for name in _STRICT:
        schemas[name].additional_properties = False


def _problem(status: int) -> ResponseSpec:
    return ResponseSpec(
        data_container=Problem,
        media_type=PROBLEM_JSON,
        description=HTTPStatus(status).phrase,
        generate_examples=False,
    )

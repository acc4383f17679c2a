"""Additions to Litestar's OpenAPI document, the same in every service."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin

from todochat.http.problems import PROBLEM_JSON, Problem


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document the error responses of a route as problem documents."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=PROBLEM_JSON,
            description=HTTPStatus(status).phrase,
            generate_examples=False,
        )
        for status in statuses
    }


class OpenAPIDocument(JsonRenderPlugin):
    """Serves the OpenAPI document as JSON, with the schemas that reject unknown fields.

    The first request builds the document: it takes longer than the rest of an app's start, and
    most processes are never asked for it.
    """

    def __init__(self, path: str, strict_schemas: Iterable[str]) -> None:
        super().__init__(path=path)
        self._strict_schemas = tuple(strict_schemas)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Render the document."""
        for name in self._strict_schemas:
            openapi_schema["components"]["schemas"][name]["additionalProperties"] = False
        return super().render(request, openapi_schema)

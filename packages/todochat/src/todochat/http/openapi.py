"""Additions to Litestar's OpenAPI document, the same in every service."""

from collections.abc import Iterable
from http import HTTPStatus

from litestar import Litestar
from litestar.openapi.datastructures import ResponseSpec

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


def document_strictness(app: Litestar, schemas: Iterable[str]) -> None:
    """Document that the schemas of request bodies reject unknown fields."""
    known = app.openapi_schema.components.schemas or {}
    for name in schemas:
        known[name].additional_properties = False

"""How failures are documented in OpenAPI, and one that the framework leaves to us."""

from http import HTTPStatus

from litestar.openapi.datastructures import ResponseSpec

from todochat.problems import PROBLEM_JSON, Problem


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

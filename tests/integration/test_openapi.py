"""Schemathesis over each public OpenAPI document: no 5xx, no undocumented status."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from stack_kit import Stack
from todochat.testing.person import Person

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance)
REQUEST_TIMEOUT_S = 10


Operation = APIOperation[Any, Any, Any, Any]


def is_endless(operation: Operation) -> bool:
    """Return whether a valid request gets a stream that only the client ends."""
    answers = operation.definition.raw["responses"].get("200", {}).get("content", {})
    return operation.method == "get" and "text/event-stream" in answers


def is_stream(response: schemathesis.Response) -> bool:
    """Return whether it is an event stream, for which OpenAPI 3.1 has no schema."""
    return "text/event-stream" in str(response.headers.get("content-type"))


def check_operation(
    operation: Operation, base_url: str, user_id: str, headers: dict[str, str], examples: int
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Case[Any]) -> None:
        if "user_id" in (case.path_parameters or {}):
            case.path_parameters["user_id"] = user_id
        response = case.call(base_url=base_url, headers=headers, timeout=REQUEST_TIMEOUT_S)
        checks = [*CHECKS] if is_stream(response) else [*CHECKS, response_schema_conformance]
        case.validate_response(response, checks=checks)

    check()


async def sign_up_at(edge: str) -> Person:
    async with httpx.AsyncClient(base_url=edge, timeout=30) as client:
        return await Person.sign_up(client)


@pytest.mark.parametrize("service", ["auth-session", "tasks", "chat-gateway"])
@pytest.mark.parametrize(
    ("signed_in", "examples"),
    [
        pytest.param(True, 3, id="signed-in"),
        pytest.param(False, 4, id="stranger", marks=pytest.mark.slow),
        pytest.param(True, 50, id="signed-in-long", marks=pytest.mark.slow),
    ],
)
async def test_generated_requests_get_documented_responses(
    stack: Stack, service: str, signed_in: bool, examples: int
) -> None:
    person = await sign_up_at(stack.edge)
    token = person.client_secret if service == "chat-gateway" else person.login_token
    headers = {"Authorization": f"Bearer {token}"} if signed_in else {}
    schema = schemathesis.openapi.from_url(f"{stack.edge}/openapi/{service}.json")

    checked = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        open_headers = {} if is_endless(operation) else headers
        check_operation(operation, stack.edge, person.user_id, open_headers, examples)
        checked += 1

    assert checked >= 4

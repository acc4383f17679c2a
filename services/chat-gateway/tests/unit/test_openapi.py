"""The OpenAPI document."""

from typing import Any

import pytest

from chat_gateway.app import create_app
from chat_gateway.settings import ChatGatewaySettings

CHAT = "/api/{user_id}/chat"
FILE = f"{CHAT}/attachments/{{attachment_id}}/content"


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    settings = ChatGatewaySettings(
        redis_url="redis://127.0.0.1:1/0", todochat_service_secret="x" * 32
    )
    documented: dict[str, Any] = create_app(settings).openapi_schema.to_schema()["paths"]
    return documented


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("post", CHAT, "200 400 401 403 404 409 410 413 422 429 431 503"),
        ("get", f"{CHAT}/runs", "200 400 401 403 422 429 503"),
        ("get", f"{CHAT}/runs/{{run_id}}/events", "200 400 401 403 404 410 429 503"),
        ("post", f"{CHAT}/runs/{{run_id}}/cancel", "202 401 403 404 429 503"),
        ("post", f"{CHAT}/attachments", "201 400 401 403 404 409 413 422 429 503"),
        ("post", FILE, "200 400 401 403 404 409 413 422 429 503"),
        ("put", FILE, "200 400 401 403 404 409 413 422 429 503"),
        ("get", FILE, "200 401 403 404 429 503"),
        ("get", f"{CHAT}/assistant", "200 401 403 429 503"),
        ("get", f"{CHAT}/search", "200 400 401 403 409 422 429 503"),
        ("get", f"{CHAT}/search/threads", "200 400 401 403 409 422 429 503"),
        ("get", f"{CHAT}/export", "200 400 401 403 409 422 429 503"),
    ],
)
def test_every_status_is_documented(
    paths: dict[str, Any], method: str, path: str, statuses: str
) -> None:
    documented = set(paths[path][method]["responses"])

    # Litestar adds a 400 to routes with parameters; the gateway itself responds with 422.
    assert documented - {"400"} == set(statuses.split()) - {"400"}
    assert paths[path][method]["security"] == [{"bearer": []}]
    assert "user_id" in {parameter["name"] for parameter in paths[path][method]["parameters"]}


def test_openapi_has_eleven_public_paths(paths: dict[str, Any]) -> None:
    assert len(paths) == 11


def test_streams_and_both_body_forms_are_documented(paths: dict[str, Any]) -> None:
    chat = paths[CHAT]["post"]
    forms = chat["requestBody"]["content"]["application/json"]["schema"]["anyOf"]

    assert [form["required"] for form in forms] == [["type"], ["message"]]
    assert set(chat["responses"]["200"]["content"]) == {"text/event-stream", "application/json"}
    assert "X-Run-Id" in chat["responses"]["200"]["headers"]

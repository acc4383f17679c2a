"""The application factory: one shape for every failure, health, documents, headers."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody
from litestar.testing import TestClient

from todochat.errors import NotFoundError, TooManyRequestsError
from todochat.http.app import create_app
from todochat.http.operations import ReadyCheck
from todochat.settings import ServiceSettings


class Line(msgspec.Struct):
    sizes: list[int]


class Order(msgspec.Struct, forbid_unknown_fields=True):
    amount: int
    lines: list[Line] = []


@get("/missing")
async def missing() -> None:
    raise NotFoundError("There is no such order.", order_id="ord_1")


@get("/busy")
async def busy() -> None:
    raise TooManyRequestsError("Slow down.", retry_after_s=2.4)


@get("/crash")
async def crash() -> None:
    raise ValueError("the password is hunter2")


@post("/orders")
async def create_order(data: JSONBody[Order], dry: FromQuery[bool] = False) -> Order:
    return data


async def failing_check(state: State) -> None:
    raise ConnectionError("no route to host")


def make_client(
    ready_checks: dict[str, ReadyCheck] | None = None, **variables: str
) -> TestClient[Litestar]:
    settings = ServiceSettings.load({"REDIS_URL": "redis://unused", **variables})
    app = create_app(
        name="shop",
        settings=settings,
        route_handlers=[missing, busy, crash, create_order],
        ready_checks=ready_checks,
        body_limit_bytes=1000,
        strict_schemas=["Order"],
    )
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    with make_client() as client:
        yield client


FAILURES = [
    ("GET", "/missing", {}, 404, "not-found"),
    ("GET", "/busy", {}, 429, "too-many-requests"),
    ("GET", "/crash", {}, 500, "internal-error"),
    ("GET", "/nowhere", {}, 404, "not-found"),
    ("GET", "/no/where", {}, 404, "not-found"),
    ("GET", "/", {}, 404, "not-found"),
    ("DELETE", "/missing", {}, 405, "method-not-allowed"),
    ("POST", "/orders", {"content": b"{oops"}, 400, "bad-request"),
    ("POST", "/orders", {"content": b'{"amount": 1, "x": "\xff"}'}, 400, "bad-request"),
    ("POST", "/orders", {"content": b"[" * 1000}, 400, "bad-request"),
    ("POST", "/orders", {"json": {}, "headers": {"Host": "x:9-9"}}, 400, "bad-request"),
    ("POST", "/orders", {"json": {"amount": "x"}}, 422, "invalid-input"),
    ("POST", "/orders", {"json": {"amount": 1, "extra": 2}}, 422, "invalid-input"),
    ("POST", "/orders?dry=maybe", {"json": {"amount": 1}}, 422, "invalid-input"),
    ("POST", "/orders", {"content": b" " * 1001}, 413, "payload-too-large"),
]


@pytest.mark.parametrize(("method", "path", "request_", "status", "code"), FAILURES)
def test_failures_are_problem_documents(
    client: TestClient[Litestar],
    method: str,
    path: str,
    request_: dict[str, Any],
    status: int,
    code: str,
) -> None:
    response = client.request(method, path, **request_)

    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:todochat:problem:{code}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["instance"] == path.split("?", maxsplit=1)[0]
    assert {"title", "detail"} <= problem.keys()


def test_internal_error_does_not_reveal_its_cause(client: TestClient[Litestar]) -> None:
    assert "hunter2" not in client.get("/crash").text


def test_field_error_points_at_the_field(client: TestClient[Litestar]) -> None:
    problem = client.post("/orders", json={"amount": "x"}).json()

    assert problem["errors"] == [{"pointer": "/amount", "detail": "Expected `int`, got `str`"}]


def test_field_error_in_a_list_has_an_rfc_6901_pointer(client: TestClient[Litestar]) -> None:
    lines = [{"sizes": [1]}, {"sizes": [1, 2, "x"]}]

    problem = client.post("/orders", json={"amount": 1, "lines": lines}).json()

    assert [error["pointer"] for error in problem["errors"]] == ["/lines/1/sizes/2"]


def test_error_of_the_body_points_at_its_root(client: TestClient[Litestar]) -> None:
    problem = client.post("/orders", json={"amount": 1, "extra": 2}).json()

    assert problem["errors"] == [{"pointer": "", "detail": "Object contains unknown field `extra`"}]
    assert problem["detail"] == "Object contains unknown field `extra`"


def test_response_has_extensions_and_headers_of_the_error(client: TestClient[Litestar]) -> None:
    assert client.get("/missing").json()["order_id"] == "ord_1"
    assert client.get("/busy").headers["retry-after"] == "3"
    assert "GET" in client.delete("/missing").headers["allow"]


def test_malformed_request_id_is_replaced(
    client: TestClient[Litestar],
) -> None:
    kept = client.get("/health/live", headers={"X-Request-Id": "abc-1"})
    replaced = client.get("/health/live", headers={"X-Request-Id": "a b\tc"})

    assert kept.headers["x-request-id"] == "abc-1"
    assert re.fullmatch(r"req_\w{26}", replaced.headers["x-request-id"])


def test_responses_have_security_headers(client: TestClient[Litestar]) -> None:
    for path in ("/health/live", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_readiness_names_the_failing_store() -> None:
    with make_client({"postgres": failing_check}) as client:
        response = client.get("/health/ready")

        assert response.status_code == 503
        assert response.json() == {"status": "unavailable", "failing": ["postgres"]}
        assert client.get("/health/live").status_code == 200


def test_draining_process_is_alive_but_not_ready() -> None:
    with make_client() as client:
        client.app.state.drain.begin()

        assert client.get("/health/ready").json()["status"] == "draining"
        assert client.get("/health/live").status_code == 200


def test_api_page_loads_only_local_assets(client: TestClient[Litestar]) -> None:
    page = client.get("/docs")

    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) == 4
    assert not any("//" in asset for asset in assets)
    assert all(client.get(f"/{asset}").status_code == 200 for asset in assets)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert client.get("/docs/../../etc/passwd").status_code == 404


def test_the_openapi_document_and_metrics_are_served(client: TestClient[Litestar]) -> None:
    client.get("/missing")

    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert "/orders" in document["paths"]
    assert schemas["Order"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Line"]
    assert 'route="/missing",service="shop",status="404"' in client.get("/metrics").text


def test_metrics_count_unfinished_tasks(client: TestClient[Litestar]) -> None:
    lines = client.get("/metrics").text.splitlines()

    tasks = [line.split()[1] for line in lines if line.startswith("todochat_asyncio_tasks ")]

    assert float(tasks[0]) >= 1  # the one that handles this request


def test_other_origins_are_allowed_only_when_configured() -> None:
    preflight = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "chatkit-frame-instance-id, x-resumable",
    }
    with make_client(CORS_ALLOWED_ORIGINS="http://localhost:3000") as client:
        allowed = client.options("/orders", headers=preflight)
        refused = client.options("/orders", headers={**preflight, "Origin": "http://evil.example"})

    assert allowed.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "chatkit-frame-instance-id" in allowed.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in refused.headers

"""Pages of origins that aren't allowed: their requests, and the operator's log."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, get, post
from litestar.testing import TestClient
from prometheus_client import REGISTRY

from todochat.http.app import create_app
from todochat.http.origin_check import RejectedOrigins
from todochat.settings import ServiceSettings, SettingsError
from todochat.testing.logs import captured_logs

PAGE = "https://app.example"
BROWSER = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
PREFLIGHT = {
    **BROWSER,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
def orders() -> list[str]:
    return []


@pytest.fixture
def client(orders: list[str]) -> Iterator[TestClient[Litestar]]:
    """A shop that allows the pages of another origin."""
    with make_client(orders, CORS_ALLOWED_ORIGINS="https://other.example/") as client:
        yield client


def make_client(orders: list[str], **variables: str) -> TestClient[Litestar]:
    @post("/orders")
    async def create_order() -> None:
        orders.append("tea")

    @get("/orders")
    async def list_orders() -> list[str]:
        return orders

    settings = ServiceSettings.load({"REDIS_URL": "redis://unused", **variables})
    app = create_app(name="shop", settings=settings, route_handlers=[create_order, list_orders])
    return TestClient(app, raise_server_exceptions=False)


def test_a_rejected_page_can_read_why_and_its_request_has_no_effect(
    client: TestClient[Litestar], orders: list[str]
) -> None:
    preflight = client.options("/orders", headers=PREFLIGHT)
    response = client.post("/orders", headers=BROWSER)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "access-control-allow-credentials" not in preflight.headers
    assert response.status_code == 403
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:todochat:problem:origin-not-allowed"
    assert PAGE in response.json()["detail"]
    assert "CORS_ALLOWED_ORIGINS" in response.json()["detail"]
    assert orders == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": PAGE},
        {"Origin": PAGE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {**BROWSER, "Origin": "https://other.example"},
    ],
    ids=["program", "old-browser", "forwarded-by-the-pages-server", "allowed"],
)
def test_other_requests_are_handled(
    client: TestClient[Litestar], orders: list[str], headers: dict[str, str]
) -> None:
    response = client.post("/orders", headers=headers)

    assert (response.status_code, orders) == (201, ["tea"])


def test_a_preflight_passes_only_if_the_request_will_be_recognized(
    client: TestClient[Litestar],
) -> None:
    unknown = {name: value for name, value in PREFLIGHT.items() if not name.startswith("Sec-")}

    assert "access-control-allow-origin" not in client.options("/orders", headers=unknown).headers


def test_an_origin_is_logged_once_and_every_request_is_counted(
    client: TestClient[Litestar],
) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("todochat_cors_rejections_total") or 0.0

    before = count()
    with captured_logs() as lines:
        for _ in range(3):
            client.options("/orders", headers=PREFLIGHT)
            client.get("/orders", headers=BROWSER)

    (line,) = [each for each in lines if each["event"] == "cors.origin_rejected"]
    assert (line["origin"], line["setting"]) == (PAGE, "CORS_ALLOWED_ORIGINS")
    assert count() == before + 6


def test_arbitrary_text_does_not_reach_the_log(client: TestClient[Litestar]) -> None:
    with captured_logs() as lines:
        response = client.get("/orders", headers={**BROWSER, "Origin": "https://a b<script>"})

    assert [each["origin"] for each in lines if "origin" in each] == ["malformed"]
    assert "script" not in response.text


def test_many_origins_fill_neither_log_nor_memory_and_an_hour_later_are_logged_again() -> None:
    now = [0.0]
    rejected = RejectedOrigins(lambda: now[0])

    with captured_logs() as first:
        for number in range(1000):
            rejected.note(f"https://{number}.example")
    now[0] = 3600.0
    with captured_logs() as second:
        rejected.note("https://999.example")

    assert (len(first), len(second)) == (20, 1)


def test_without_the_setting_every_other_origin_is_rejected(orders: list[str]) -> None:
    with make_client(orders) as client:
        responses = [client.options("/orders", headers=PREFLIGHT), client.get("/orders")]

    assert [each.status_code for each in responses] == [204, 200]


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://App.example:443/", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("https://*.app.example", "https://a.app.example"),
    ],
)
def test_a_value_matches_the_origin_that_browsers_send(value: str, origin: str) -> None:
    with make_client([], CORS_ALLOWED_ORIGINS=value) as client:
        response = client.get("/orders", headers={**BROWSER, "Origin": origin})

    assert response.headers.get("access-control-allow-origin") == origin


@pytest.mark.parametrize(
    "value",
    ["app.example", "https://app.example/chat", "https://", "https://b\u00fccher.example"],
)
def test_a_value_that_no_browser_would_send_prevents_startup(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^setting CORS_ALLOWED_ORIGINS: '.*' must be like"):
        ServiceSettings.load(
            {"REDIS_URL": "redis://unused", "CORS_ALLOWED_ORIGINS": f"https://good.example,{value}"}
        )

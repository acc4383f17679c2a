"""Values at and beyond the limits of requests; test_sign_up.py has the fields of an account."""

import json
import secrets

import pytest
from auth_kit import Browser, StartService, bearer
from redis.asyncio import Redis

from todochat.http import rate_limit

BODY_LIMIT_BYTES = 16 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def patient_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for Redis: without it there is no limit, and this machine may pause."""
    monkeypatch.setattr(rate_limit, "TIMEOUT_S", 10.0)


def email(name: str) -> str:
    return f"{name}.{secrets.token_hex(6)}@example.com"


async def test_a_body_is_limited_to_16_kib(browser: Browser) -> None:
    await browser.sign_up()
    body = json.dumps({"email": browser.email, "password": browser.password}).encode()

    responses = [
        await browser.http.post("/api/auth/sign-in", content=body.ljust(size), headers=JSON)
        for size in (BODY_LIMIT_BYTES, BODY_LIMIT_BYTES + 1)
    ]

    assert [response.status_code for response in responses] == [200, 413]


@pytest.mark.parametrize(
    ("field", "limit", "taken"),
    [("email", 254, 401), ("password", 256, 401)],
)
async def test_the_fields_of_a_sign_in_are_limited(
    browser: Browser, field: str, limit: int, taken: int
) -> None:
    at_limit = await browser.sign_in(**{field: "x" * limit})
    beyond = await browser.sign_in(**{field: "x" * (limit + 1)})

    assert (at_limit.status_code, beyond.status_code) == (taken, 422)


async def test_an_invitation_is_limited_to_64_characters(
    browser: Browser,
) -> None:
    at_limit = await browser.sign_up(invitation="x" * 64)
    beyond = await browser.sign_up(invitation="x" * 65)

    assert (at_limit.status_code, beyond.status_code) == (201, 422)


async def test_a_user_id_is_limited_to_128_characters(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    responses = [
        await browser.post("/api/chatkit/session", {"user_id": "x" * length}, headers=bearer(token))
        for length in (128, 129)
    ]

    assert [response.status_code for response in responses] == [403, 422]


async def test_the_setting_limits_sign_ups_per_address(
    start_service: StartService, redis: Redis
) -> None:
    service = await start_service(sign_ups_per_address=2)
    browser, other = service.browser("198.51.100.1"), service.browser("198.51.100.2")

    taken = [await browser.sign_up(email=email("a")), await browser.sign_up(email=email("b"))]
    beyond = await browser.sign_up(email=email("c"))
    from_elsewhere = await other.sign_up(email=email("d"))

    assert [response.status_code for response in taken] == [201, 201]
    assert (beyond.status_code, from_elsewhere.status_code) == (429, 201)
    assert beyond.json()["type"] == "urn:todochat:problem:too-many-sign-ups"
    assert 0 < int(beyond.headers["retry-after"]) <= 3600


async def test_taken_addresses_count_as_sign_ups_and_invalid_fields_do_not(
    start_service: StartService, redis: Redis
) -> None:
    service = await start_service(sign_ups_per_address=2)
    browser, known = service.browser("198.51.100.1"), service.browser("198.51.100.2")
    await known.sign_up()

    mistyped = await browser.sign_up(password="short")
    asked = [await browser.sign_up(email=known.email) for _ in range(3)]

    assert mistyped.status_code == 422
    assert [response.status_code for response in asked] == [409, 409, 429]


async def test_a_limit_of_zero_means_no_limit(start_service: StartService) -> None:
    browser = (await start_service(sign_ups_per_address=0)).browser()

    responses = [await browser.sign_up(email=email("a")) for _ in range(25)]

    assert {response.status_code for response in responses} == {201}


async def test_every_route_of_a_session_counts_against_the_rate_limit(
    start_service: StartService,
) -> None:
    service = await start_service(requests_per_minute=1)
    ada, bob = service.browser(), service.browser()
    token = (await ada.sign_up()).json()["access_token"]
    other = (await bob.sign_up()).json()["access_token"]
    document = (await ada.http.get("/openapi.json")).json()
    routes = [
        (method, path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation.get("security") and path != "/api/auth/sign-out"
    ]
    assert (await ada.me(token)).status_code == 200

    responses = {
        (method, path): await ada.http.request(
            method, path.replace("{", "").replace("}", ""), headers=bearer(token)
        )
        for method, path in routes
    }
    others = await bob.me(other)

    assert len(responses) >= 12
    assert {response.status_code for response in responses.values()} == {429}, responses
    assert all(0 < int(response.headers["retry-after"]) <= 60 for response in responses.values())
    assert others.status_code == 200

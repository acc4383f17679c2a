"""Listing and ending the user's own sessions."""

from typing import Any

import asyncpg
import jwt
import pytest
from auth_kit import Browser, MovableClock, Service, bearer
from redis.asyncio import Redis

FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/146.0"}


async def sessions_of(browser: Browser, token: str) -> list[dict[str, object]]:
    response = await browser.http.get("/api/auth/sessions", headers=bearer(token))
    assert response.status_code == 200
    items: list[dict[str, object]] = response.json()["items"]
    return items


def sid_of(token: str) -> str:
    sid: str = jwt.decode(token, options={"verify_signature": False})["sid"]
    return sid


async def test_sessions_are_listed_most_recently_used_first(
    service: Service, clock: MovableClock
) -> None:
    clock.advance(minutes=-2)
    laptop, phone = service.browser(), service.browser()
    phone.email = laptop.email
    laptop.http.headers.update(FIREFOX)
    first = (await laptop.sign_up()).json()["access_token"]
    clock.advance(minutes=1)
    second = (await phone.sign_in()).json()["access_token"]

    items = await sessions_of(phone, second)

    assert [item["id"] for item in items] == [sid_of(second), sid_of(first)]
    assert [item["current"] for item in items] == [True, False]
    assert items[1]["user_agent"] == FIREFOX["user-agent"]
    assert set(items[0]) == {"id", "created_at", "last_used_at", "user_agent", "current"}


async def test_a_refresh_counts_as_use(service: Service, clock: MovableClock) -> None:
    clock.advance(minutes=-2)
    laptop, phone = service.browser(), service.browser()
    phone.email = laptop.email
    first = (await laptop.sign_up()).json()["access_token"]
    clock.advance(minutes=1)
    second = (await phone.sign_in()).json()["access_token"]
    clock.advance(minutes=1)
    await laptop.refresh()

    items = await sessions_of(phone, second)

    assert [item["id"] for item in items] == [sid_of(first), sid_of(second)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("", None), ("a\tb\x7f", "ab"), ("x" * 1000, "x" * 300)],
    ids=["none", "control-characters", "too-long"],
)
async def test_the_user_agent_is_truncated_and_made_printable(
    browser: Browser, sent: str, kept: str | None
) -> None:
    browser.http.headers["user-agent"] = sent
    token = (await browser.sign_up()).json()["access_token"]

    assert [item["user_agent"] for item in await sessions_of(browser, token)] == [kept]


async def test_ended_and_expired_sessions_are_not_listed(
    service: Service, clock: MovableClock
) -> None:
    clock.advance(days=-31)
    forgotten, signed_out, here = (service.browser() for _ in range(3))
    signed_out.email = here.email = forgotten.email
    await forgotten.sign_up()
    clock.advance(days=20)
    await signed_out.sign_in()
    await signed_out.post("/api/auth/sign-out")
    clock.advance(days=11)  # the first one can no longer be refreshed
    token = (await here.sign_in()).json()["access_token"]

    items = await sessions_of(here, token)

    assert [item["id"] for item in items] == [sid_of(token)]


async def test_ending_a_session_revokes_its_tokens_and_publishes_it(
    service: Service, redis: Redis
) -> None:
    laptop, phone = service.browser(), service.browser()
    phone.email = laptop.email
    lost = (await laptop.sign_up()).json()["access_token"]
    token = (await phone.sign_in()).json()["access_token"]

    url = f"/api/auth/sessions/{sid_of(lost)}"
    responses = [await phone.http.delete(url, headers=bearer(token)) for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 204]
    assert (await laptop.me(lost)).status_code == 401
    assert (await laptop.refresh()).status_code == 401
    assert (await phone.me(token)).status_code == 200
    assert await redis.zscore("auth:revoked", sid_of(lost)) is not None


async def test_another_users_session_is_not_found(service: Service) -> None:
    ada, bob = service.browser(), service.browser()
    hers = (await ada.sign_up()).json()["access_token"]
    his = (await bob.sign_up()).json()["access_token"]

    responses = [
        await bob.http.delete(f"/api/auth/sessions/{sid}", headers=bearer(his))
        for sid in (sid_of(hers), "ses_nobody")
    ]

    assert [response.status_code for response in responses] == [404, 404]
    assert responses[0].json()["detail"] == responses[1].json()["detail"]
    assert (await ada.me(hers)).status_code == 200


async def test_sign_out_everywhere_ends_only_the_users_sessions(
    service: Service, redis: Redis
) -> None:
    laptop, phone, stranger = (service.browser() for _ in range(3))
    phone.email = laptop.email
    first = (await laptop.sign_up()).json()["access_token"]
    second = (await phone.sign_in()).json()["access_token"]
    other = (await stranger.sign_up()).json()["access_token"]

    response = await phone.post("/api/auth/sign-out-everywhere", headers=bearer(second))

    assert response.status_code == 204
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert [(await laptop.me(token)).status_code for token in (first, second)] == [401, 401]
    assert [(await each.refresh()).status_code for each in (laptop, phone)] == [401, 401]
    assert (await stranger.me(other)).status_code == 200
    members: Any = await redis.zrange("auth:revoked", 0, -1)
    revoked = {member.decode() for member in members}
    assert {sid_of(first), sid_of(second)} <= revoked
    assert sid_of(other) not in revoked


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions/ses_1"),
        ("POST", "/api/auth/sign-out-everywhere"),
        ("POST", "/api/auth/password"),
    ],
)
async def test_session_routes_require_a_login_token(
    browser: Browser, method: str, path: str
) -> None:
    response = await browser.http.request(method, path)

    assert response.status_code == 401


async def test_a_session_without_a_last_use_shows_its_start(
    browser: Browser, database: asyncpg.Connection
) -> None:
    token = (await browser.sign_up()).json()["access_token"]
    await database.execute("UPDATE sessions SET last_used_at = NULL WHERE id = $1", sid_of(token))

    (item,) = await sessions_of(browser, token)

    assert item["last_used_at"] == item["created_at"]

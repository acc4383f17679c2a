"""Personal access tokens: creation, verification, scopes, expiry and revocation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from auth_kit import (
    PASSWORD,
    SERVICE_TOKENS,
    Browser,
    MovableClock,
    Service,
    StartService,
    bearer,
)
from redis.asyncio import Redis

from auth_session.service.password_pool import PasswordCaller, PasswordVerification
from todochat.clock import utc_now
from todochat.identity.access_tokens import PREFIX, new_access_token
from todochat.identity.revocation import REVOKED_KEY
from todochat.identity.service_tokens import Arrow
from todochat.ids import new_id
from todochat.testing.issuer import BETTER_AUTH_SECRET, better_auth_token

TOKENS = "/api/auth/tokens"
Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def login(browser: Browser) -> str:
    token: str = (await browser.sign_up()).json()["access_token"]
    return token


@pytest.fixture
def make(browser: Browser, login: str) -> Make:
    """Create an access token of the browser's user and return its view."""

    async def make_token(*scopes: str, **fields: object) -> dict[str, Any]:
        scoped = list(scopes) or ["tasks", "chat"]
        body = {"name": "cron", "scopes": scoped, "password": PASSWORD, **fields}
        response = await browser.post(TOKENS, body, headers=bearer(login))
        assert response.status_code == 201, response.text
        view: dict[str, Any] = response.json()
        return view

    return make_token


async def verify(
    browser: Browser, token: str, arrow: Arrow = Arrow.TASKS_TO_AUTH
) -> httpx.Response:
    """Verify a token with the request that tasks sends."""
    headers = bearer(SERVICE_TOKENS.mint(arrow, "-"))
    return await browser.post("/internal/access-tokens/verify", {"token": token}, headers=headers)


async def items(browser: Browser, login: str) -> list[dict[str, Any]]:
    response = await browser.http.get(TOKENS, headers=bearer(login))
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_a_token_is_returned_once_and_stored_as_a_hash(
    browser: Browser, login: str, make: Make, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    made = await make("tasks")

    listed = await items(browser, login)
    row = await database.fetchrow("SELECT * FROM access_tokens WHERE id = $1", made["id"])

    token = made.pop("token")
    assert token.startswith(PREFIX)
    assert listed == [made]
    assert made["scopes"] == ["tasks"]
    assert datetime.fromisoformat(made["expires_at"]) > utc_now() + timedelta(days=365)
    assert row is not None
    assert token.encode() not in repr(tuple(row.values())).encode()


async def test_verification_returns_the_user_and_scopes(
    browser: Browser, login: str, make: Make
) -> None:
    made = await make()

    response = await verify(browser, made["token"])

    me = (await browser.me(login)).json()
    assert response.status_code == 200
    assert response.json() == {
        "user_id": me["id"],
        "scopes": ["tasks", "chat"],
        "token_id": made["id"],
        "sid": made["id"],
        "expires_at": made["expires_at"],
    }


async def test_the_list_shows_the_last_use(browser: Browser, login: str, make: Make) -> None:
    made = await make()
    assert (await items(browser, login))[0]["last_used_at"] is None

    await verify(browser, made["token"])

    assert (await items(browser, login))[0]["last_used_at"] is not None


@pytest.mark.parametrize(
    "token",
    ["", "x", new_access_token(), new_access_token()[:-1] + "!"],
    ids=["empty", "short", "well formed", "misspelt"],  # random ones differ from process to process
)
async def test_a_token_that_was_never_issued_is_not_found(browser: Browser, token: str) -> None:
    response = await verify(browser, token)

    assert response.status_code == 404


@pytest.mark.parametrize("arrow", [arrow for arrow in Arrow if arrow is not Arrow.TASKS_TO_AUTH])
async def test_verification_refuses_other_arrows(
    browser: Browser, make: Make, arrow: Arrow
) -> None:
    made = await make()

    response = await verify(browser, made["token"], arrow)

    assert response.status_code == 401


async def test_verification_refuses_a_login_token(browser: Browser, login: str, make: Make) -> None:
    made = await make()

    response = await browser.post(
        "/internal/access-tokens/verify", {"token": made["token"]}, headers=bearer(login)
    )

    assert response.status_code == 401


async def test_a_client_secret_has_the_sid_of_its_access_token(
    browser: Browser, make: Make
) -> None:
    made = await make("chat")

    response = await browser.client_secret(made["token"])

    assert response.status_code == 200
    claims = jwt.decode(response.json()["client_secret"], options={"verify_signature": False})
    assert claims["sid"] == made["id"]


async def test_a_token_without_the_chat_scope_gets_no_client_secret(
    browser: Browser, make: Make
) -> None:
    made = await make("tasks")

    response = await browser.client_secret(made["token"])

    assert response.status_code == 403


async def test_a_client_secret_expires_with_its_access_token(browser: Browser, make: Make) -> None:
    until = utc_now() + timedelta(minutes=5)
    made = await make("chat", expires_at=until.isoformat())

    response = await browser.client_secret(made["token"])

    assert datetime.fromisoformat(response.json()["expires_at"]) <= until


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/me"),
        ("PATCH", "/api/auth/me"),
        ("GET", TOKENS),
        ("POST", TOKENS),
        ("DELETE", f"{TOKENS}/pat_1"),
        ("POST", "/api/auth/sign-out"),
    ],
)
async def test_account_routes_refuse_access_tokens(
    browser: Browser, make: Make, method: str, path: str
) -> None:
    made = await make()
    browser.http.cookies.clear()
    token = {"name": "more", "scopes": ["chat"], "password": PASSWORD}
    body = token if path == TOKENS and method == "POST" else {}

    response = await browser.http.request(method, path, json=body, headers=bearer(made["token"]))

    assert response.status_code == 403
    assert "access token" in response.json()["detail"]


async def test_revoking_a_token_refuses_it_and_publishes_its_sid(
    browser: Browser, login: str, make: Make, redis: Redis
) -> None:
    made = await make()
    await browser.client_secret(made["token"])

    gone = await browser.http.delete(f"{TOKENS}/{made['id']}", headers=bearer(login))

    assert gone.status_code == 204
    assert (await verify(browser, made["token"])).status_code == 404
    assert (await browser.client_secret(made["token"])).status_code == 401
    assert await items(browser, login) == []
    told_until = await redis.zscore(REVOKED_KEY, made["id"])
    assert told_until is not None
    assert told_until >= (utc_now() + timedelta(minutes=59)).timestamp()


async def test_republishing_after_a_redis_flush_keeps_tokens_revoked(
    browser: Browser, service: Service, login: str, make: Make, redis: Redis
) -> None:
    made = await make()
    await browser.http.delete(f"{TOKENS}/{made['id']}", headers=bearer(login))
    await redis.delete(REVOKED_KEY)

    await service.services.revocations.republish()

    assert await redis.zscore(REVOKED_KEY, made["id"]) is not None


async def test_an_expired_token_is_refused_but_listed(
    browser: Browser, login: str, make: Make, clock: MovableClock
) -> None:
    made = await make(expires_at=(utc_now() + timedelta(minutes=5)).isoformat())

    clock.advance(minutes=6)

    assert (await verify(browser, made["token"])).status_code == 404
    assert (await browser.client_secret(made["token"])).status_code == 401
    assert [item["id"] for item in await items(browser, login)] == [made["id"]]


async def test_a_user_cannot_revoke_another_users_token(
    browser: Browser, service: Service, make: Make
) -> None:
    made = await make()
    other = service.browser()
    others_login = (await other.sign_up()).json()["access_token"]

    response = await other.http.delete(f"{TOKENS}/{made['id']}", headers=bearer(others_login))

    assert response.status_code == 404
    assert (await verify(browser, made["token"])).status_code == 200


async def test_an_account_has_at_most_fifty_tokens(
    browser: Browser, login: str, make: Make
) -> None:
    last = [await make() for _ in range(50)][-1]

    body = {"name": "one more", "scopes": ["chat"], "password": PASSWORD}
    response = await browser.post(TOKENS, body, headers=bearer(login))

    assert response.status_code == 422
    assert response.json()["type"].endswith("too-many-access-tokens")
    await browser.http.delete(f"{TOKENS}/{last['id']}", headers=bearer(login))
    await make()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["admin"]}, "/scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "/expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
        ({"expires_at": 253402300800}, "/expires_at"),
        ({"user_id": "usr_2"}, ""),
    ],
)
async def test_an_invalid_field_is_refused(
    browser: Browser, login: str, fields: dict[str, object], pointer: str
) -> None:
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD, **fields}

    response = await browser.post(TOKENS, body, headers=bearer(login))

    assert response.status_code == 422
    assert pointer in response.text


@pytest.mark.parametrize("token_id", ["pat_unknown", "%00", "a%20b", "pat_" + "0" * 26])
async def test_an_unknown_token_cannot_be_revoked(
    browser: Browser, login: str, token_id: str
) -> None:
    response = await browser.http.delete(f"{TOKENS}/{token_id}", headers=bearer(login))

    assert response.status_code == 404


@pytest.mark.parametrize("password", [None, "not the password"])
async def test_creating_a_token_requires_the_password(
    browser: Browser, login: str, password: str | None
) -> None:
    body = {"name": "cron", "scopes": ["chat"], "password": password}

    response = await browser.post(TOKENS, body, headers=bearer(login))

    assert response.status_code == 403
    assert response.json()["type"] == "urn:todochat:problem:wrong-password"
    assert await items(browser, login) == []


async def test_wrong_passwords_count_as_failed_sign_ins(
    browser: Browser, login: str, make: Make
) -> None:
    body = {"name": "cron", "scopes": ["chat"], "password": "not it"}

    guesses = [await browser.post(TOKENS, body, headers=bearer(login)) for _ in range(10)]
    late = await browser.post(TOKENS, {**body, "password": PASSWORD}, headers=bearer(login))

    assert {response.status_code for response in guesses} == {403}
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert (await browser.sign_in()).status_code == 429


async def test_concurrent_wrong_passwords_reveal_at_most_ten_results(
    browser: Browser, service: Service, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify_password, guesses = service.services.password_pool.verify, asyncio.Barrier(14)

    async def verify_together(
        password: str, password_hash: str | None, caller: PasswordCaller
    ) -> PasswordVerification:
        result = await verify_password(password, password_hash, caller)
        await asyncio.wait_for(guesses.wait(), timeout=30)
        return result

    monkeypatch.setattr(service.services.password_pool, "verify", verify_together)
    body = {"name": "cron", "scopes": ["chat"], "password": "not it"}
    responses = await asyncio.gather(
        *(browser.post(TOKENS, body, headers=bearer(login)) for _ in range(14))
    )

    statuses = [response.status_code for response in responses]
    assert (statuses.count(403), statuses.count(429)) == (10, 4)


async def test_an_account_without_a_password_requires_a_recent_sign_in(
    start_service: StartService, clock: MovableClock
) -> None:
    browser = (await start_service(better_auth_secret=BETTER_AUTH_SECRET)).browser()
    body = {"name": "cron", "scopes": ["chat"]}

    async def create(**claims: object) -> tuple[int, str]:
        token = better_auth_token(BETTER_AUTH_SECRET, id=new_id("x"), **claims)
        login = (await browser.post("/api/auth/exchange", {"token": token})).json()["access_token"]
        response = await browser.post(TOKENS, body, headers=bearer(login))
        return response.status_code, response.json().get("type", "")

    now = int(clock().timestamp())
    fresh = await create(iat=now - 60)
    issued_long_ago = await create(iat=now - 16 * 60)
    signed_in_long_ago = await create(iat=now, auth_time=now - 16 * 60)

    refused = (403, "urn:todochat:problem:recent-sign-in-required")
    assert fresh == (201, "")
    assert [issued_long_ago, signed_in_long_ago] == [refused, refused]


async def test_a_sign_in_without_a_password_is_recent_for_15_minutes(
    start_service: StartService, clock: MovableClock
) -> None:
    browser = (await start_service(better_auth_secret=BETTER_AUTH_SECRET)).browser()
    token = better_auth_token(id=new_id("x"))
    login = (await browser.post("/api/auth/exchange", {"token": token})).json()["access_token"]

    clock.advance(minutes=16)
    responses = [
        await browser.post(TOKENS, {"name": "a", "scopes": ["chat"]}, headers=bearer(login)),
        await browser.http.delete("/api/auth/me", headers=bearer(login)),
    ]

    assert [response.status_code for response in responses] == [403, 403]


async def test_the_setting_limits_the_lifetime(start_service: StartService) -> None:
    browser = (await start_service(access_token_lifetime_s=24 * 3600)).browser()
    login = (await browser.sign_up()).json()["access_token"]
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD}
    ends = [None, *((utc_now() + timedelta(hours=hours)).isoformat() for hours in (23, 25))]

    responses = [
        await browser.post(TOKENS, {**body, "expires_at": end}, headers=bearer(login))
        for end in ends
    ]

    assert [response.status_code for response in responses] == [201, 201, 422]
    assert datetime.fromisoformat(responses[0].json()["expires_at"]) <= utc_now() + timedelta(
        days=1
    )
    assert "within 1 days" in responses[2].json()["errors"][0]["detail"]


Change = Callable[[Browser, str, dict[str, object]], Awaitable[httpx.Response]]


async def change_password(browser: Browser, login: str, body: dict[str, object]) -> httpx.Response:
    passwords = {"current_password": PASSWORD, "new_password": "a better horse battery"}
    return await browser.post("/api/auth/password", {**passwords, **body}, headers=bearer(login))


async def sign_out_everywhere(
    browser: Browser, login: str, body: dict[str, object]
) -> httpx.Response:
    return await browser.post("/api/auth/sign-out-everywhere", body or None, headers=bearer(login))


@pytest.mark.parametrize("change", [change_password, sign_out_everywhere])
@pytest.mark.parametrize("chosen", [None, True, False])
async def test_ending_all_sessions_revokes_tokens_by_default(
    browser: Browser,
    login: str,
    make: Make,
    redis: Redis,
    change: Change,
    chosen: bool | None,
) -> None:
    made = await make()
    secret = await browser.client_secret(made["token"])

    response = await change(
        browser, login, {} if chosen is None else {"revoke_access_tokens": chosen}
    )

    is_kept = chosen is False
    published = await redis.zscore(REVOKED_KEY, made["id"])
    assert (secret.status_code, response.status_code) == (200, 204)
    assert (await verify(browser, made["token"])).status_code == (200 if is_kept else 404)
    assert (await browser.client_secret(made["token"])).status_code == (200 if is_kept else 401)
    assert (published is None) is is_kept


async def test_revocation_by_a_password_change_survives_a_redis_flush(
    browser: Browser, service: Service, login: str, make: Make, redis: Redis
) -> None:
    made = await make()
    await change_password(browser, login, {})
    await redis.delete(REVOKED_KEY)

    await service.services.revocations.republish()

    assert await redis.zscore(REVOKED_KEY, made["id"]) is not None


@pytest.mark.parametrize("change", [change_password, sign_out_everywhere])
async def test_a_concurrent_password_change_prevents_the_token(
    browser: Browser,
    service: Service,
    login: str,
    change: Change,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The password is verified before its change, and the token stored after it."""
    verify_password = service.services.password_pool.verify
    verified, released = asyncio.Event(), asyncio.Event()

    async def verify_slowly(
        password: str, password_hash: str | None, caller: PasswordCaller
    ) -> PasswordVerification:
        result = await verify_password(password, password_hash, caller)
        if not verified.is_set():
            verified.set()
            await asyncio.wait_for(released.wait(), timeout=30)
        return result

    monkeypatch.setattr(service.services.password_pool, "verify", verify_slowly)
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD}
    creating = asyncio.create_task(browser.post(TOKENS, body, headers=bearer(login)))
    await asyncio.wait_for(verified.wait(), timeout=30)

    changed = await change(browser, login, {})
    released.set()
    created = await creating

    assert changed.status_code == 204
    assert created.status_code in (401, 403)


@pytest.mark.parametrize("change", [change_password, sign_out_everywhere])
async def test_no_token_survives_a_race_with_a_password_change(
    service: Service, database: "asyncpg.Connection[asyncpg.Record]", change: Change
) -> None:
    browser = service.browser()
    signed_up = (await browser.sign_up()).json()
    login, user_id = signed_up["access_token"], signed_up["user"]["id"]
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD}

    responses = await asyncio.gather(
        *(
            service.browser(f"10.1.0.{n}").post(TOKENS, body, headers=bearer(login))
            for n in range(8)
        ),
        change(browser, login, {}),
    )

    live = await database.fetchval(
        "SELECT count(*) FROM access_tokens WHERE user_id = $1 AND revoked_at IS NULL", user_id
    )
    assert {response.status_code for response in responses[:-1]} <= {201, 401, 403}
    assert responses[-1].status_code == 204
    assert live == 0


async def test_old_tokens_are_purged(
    browser: Browser,
    service: Service,
    login: str,
    make: Make,
    clock: MovableClock,
    database: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    revoked, kept = await make(), await make()
    expired = await make(expires_at=(utc_now() + timedelta(days=1)).isoformat())
    await browser.http.delete(f"{TOKENS}/{revoked['id']}", headers=bearer(login))

    clock.advance(days=32)
    await service.services.purge.purge_expired_rows()

    rows = await database.fetch(
        "SELECT id FROM access_tokens WHERE id = ANY($1)",
        [revoked["id"], kept["id"], expired["id"]],
    )
    assert [row["id"] for row in rows] == [kept["id"]]

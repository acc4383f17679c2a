"""Client secrets: for the own user, for an hour, at most until the session ends."""

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from auth_kit import Browser, Connection, MovableClock, Service, StartService
from redis.asyncio import Redis

from todochat.errors import UnauthorizedError
from todochat.identity.tokens import TokenVerifier


def claims_of(secret: str) -> dict[str, Any]:
    return jwt.decode(secret, options={"verify_signature": False})


async def test_a_client_secret_verifies_with_the_published_keys(
    service: Service, browser: Browser
) -> None:
    body = (await browser.sign_up()).json()

    response = await browser.client_secret(body["access_token"], {"user_id": body["user"]["id"]})

    secret = response.json()["client_secret"]
    identity = await TokenVerifier("todochat", service.services.keys).client_secret(secret)
    claims = claims_of(secret)
    assert response.status_code == 200
    assert set(response.json()) == {"client_secret", "expires_at", "user_id"}
    assert identity.user_id == body["user"]["id"]
    assert identity.sid == claims_of(body["access_token"])["sid"]
    assert claims["aud"] == "chatkit"
    assert claims["user_id"] == body["user"]["id"]
    assert claims["exp"] - claims["iat"] == 3600
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    assert response.json()["expires_at"] == expires_at.isoformat().replace("+00:00", "Z")


async def test_a_request_without_a_body_is_for_the_own_user(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    bare = await browser.http.post(
        "/api/chatkit/session", headers={"Authorization": f"Bearer {token}"}
    )
    announced = await browser.http.post(
        "/api/chatkit/session",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    bodies = [await browser.client_secret(token, body) for body in ({}, {"user_id": None})]

    assert [response.status_code for response in (bare, announced, *bodies)] == [200] * 4


async def test_every_secret_has_a_unique_id(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    secrets = [(await browser.client_secret(token)).json()["client_secret"] for _ in range(2)]

    assert len({claims_of(secret)["jti"] for secret in secrets}) == 2


async def test_a_secret_for_another_user_is_forbidden(service: Service) -> None:
    one, other = service.browser(), service.browser()
    token = (await one.sign_up()).json()["access_token"]
    stranger = (await other.sign_up()).json()["user"]["id"]

    responses = [
        await one.client_secret(token, {"user_id": user_id})
        for user_id in (stranger, "usr_nobody", "")
    ]

    assert [response.status_code for response in responses] == [403, 403, 403]


@pytest.mark.parametrize("body", [{"user_id": 7}, {"other": 1}, [], "text", {"user_id": "x" * 129}])
async def test_a_malformed_body_is_refused(browser: Browser, body: object) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    response = await browser.client_secret(token, body)

    assert response.status_code == 422


async def test_a_request_without_a_login_token_is_refused(browser: Browser) -> None:
    assert (await browser.post("/api/chatkit/session", {})).status_code == 401


async def test_a_request_after_sign_out_is_refused(browser: Browser) -> None:
    token = (await browser.sign_up()).json()["access_token"]

    await browser.post("/api/auth/sign-out")

    assert (await browser.client_secret(token)).status_code == 401


async def test_a_secret_expires_with_its_session(
    start_service: StartService, clock: MovableClock
) -> None:
    service = await start_service(session_lifetime_s=3600)
    browser = service.browser()
    clock.advance(minutes=-50)
    await browser.sign_up()
    opened_at = clock()

    # Refreshed after 40 minutes: the login token is new, the session has 20 minutes left.
    clock.advance(minutes=40)
    token = (await browser.refresh()).json()["access_token"]
    secret = (await browser.client_secret(token)).json()["client_secret"]

    lifetime = claims_of(secret)["exp"] - opened_at.timestamp()
    assert 3595 < lifetime <= 3600


async def test_a_revocation_is_kept_until_the_last_secret_has_expired(
    browser: Browser, database: Connection, redis: Redis
) -> None:
    token = (await browser.sign_up()).json()["access_token"]
    claims = claims_of((await browser.client_secret(token)).json()["client_secret"])

    await browser.post("/api/auth/sign-out")

    score = await redis.zscore("auth:revoked", claims["sid"])
    assert claims["exp"] + 30 <= score <= claims["exp"] + 32


async def test_the_setting_sets_the_lifetime(start_service: StartService) -> None:
    browser = (await start_service(client_secret_lifetime_s=60)).browser()
    token = (await browser.sign_up()).json()["access_token"]

    claims = claims_of((await browser.client_secret(token)).json()["client_secret"])

    assert claims["exp"] - claims["iat"] == 60


async def test_another_installation_refuses_the_token(service: Service, browser: Browser) -> None:
    issuer = TokenVerifier("another-installation", service.services.keys)
    token = (await browser.sign_up()).json()["access_token"]

    with pytest.raises(UnauthorizedError):
        await issuer.login(token)

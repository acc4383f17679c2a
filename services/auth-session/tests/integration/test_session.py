"""Refresh tokens, their cookie, and sign-out."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from auth_kit import (
    SERVICE_SECRET,
    Browser,
    Connection,
    MovableClock,
    Service,
    StartService,
    connect_owner,
    is_transaction_blocked,
)
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from auth_session.service.refresh_tokens import RefreshTokens
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.waiting import wait_until


def cookie_attributes(response: httpx.Response) -> set[str]:
    """The attributes of the refresh cookie that a response sets, in lower case."""
    (header,) = response.headers.get_list("set-cookie")
    name_value, *attributes = [part.strip() for part in header.split(";")]
    assert name_value.startswith("todochat_refresh=")
    return {attribute.lower() for attribute in attributes}


async def announces(channel: PubSub, sid: str) -> bool:
    message = await channel.get_message(ignore_subscribe_messages=True)
    return message is not None and message["data"] == sid.encode()


class TestCookie:
    async def test_over_http_it_is_http_only_lax_and_bound_to_the_auth_routes(
        self, browser: Browser
    ) -> None:
        response = await browser.sign_up()

        attributes = cookie_attributes(response)
        assert {"httponly", "samesite=lax", "path=/api/auth"} <= attributes
        assert "secure" not in attributes
        assert f"max-age={30 * 24 * 3600 - 1}" in attributes or (
            f"max-age={30 * 24 * 3600}" in attributes
        )

    async def test_over_https_it_is_secure(self, start_service: StartService) -> None:
        browser = (await start_service(public_url="HTTPS://todo.example")).browser()

        response = await browser.sign_up()

        assert "secure" in cookie_attributes(response)

    async def test_an_optional_refresh_without_a_cookie_is_204(self, browser: Browser) -> None:
        signed_out = await browser.post("/api/auth/refresh?optional=true")
        await browser.sign_up()
        signed_in = await browser.post("/api/auth/refresh?optional=true")

        assert (signed_out.status_code, signed_out.content) == (204, b"")
        assert signed_in.status_code == 200
        assert (await browser.refresh("nobody's", params={"optional": "true"})).status_code == 401

    async def test_sign_in_and_refresh_set_it_and_sign_out_removes_it(
        self, browser: Browser
    ) -> None:
        await browser.sign_up()

        sign_in = await browser.sign_in()
        refresh = await browser.refresh()
        sign_out = await browser.post("/api/auth/sign-out")

        assert {"httponly", "samesite=lax", "path=/api/auth"} <= cookie_attributes(sign_in)
        assert {"httponly", "samesite=lax", "path=/api/auth"} <= cookie_attributes(refresh)
        assert {"max-age=0", "path=/api/auth"} <= cookie_attributes(sign_out)
        assert browser.refresh_token is None


class TestRefresh:
    async def test_it_responds_like_sign_in_and_rotates_the_token(self, browser: Browser) -> None:
        signed_up = (await browser.sign_up()).json()
        first = browser.refresh_token

        response = await browser.refresh()

        assert response.status_code == 200
        assert set(response.json()) == {"access_token", "expires_in", "user"}
        assert response.json()["user"] == signed_up["user"]
        assert browser.refresh_token not in (None, first)
        assert (await browser.me(response.json()["access_token"])).status_code == 200

    async def test_tokens_are_stored_as_hashes_only(
        self, browser: Browser, database: Connection
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token
        assert token is not None

        stored = await database.fetch("SELECT token_hash FROM refresh_tokens")

        assert all(token.encode() not in row["token_hash"] for row in stored)
        assert all(len(row["token_hash"]) == 32 for row in stored)

    async def live_tokens(self, browser: Browser, database: Connection) -> int:
        """Return how many refresh tokens still have a successor."""
        found: int = await database.fetchval(
            "SELECT count(*) FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
            " JOIN users ON users.id = user_id"
            " WHERE email = $1 AND rotated_at IS NULL AND revoked_at IS NULL",
            browser.email,
        )
        return found

    async def refresh_twice(
        self, browser: Browser, clock: MovableClock, *, seconds: int
    ) -> tuple[httpx.Response, httpx.Response]:
        """Refresh with the same token again, as if the first response had been lost."""
        token = browser.refresh_token
        first = await browser.refresh(token)
        clock.advance(seconds=seconds)
        return first, await browser.refresh(token)

    async def test_a_token_reused_within_thirty_seconds_returns_the_same_successor(
        self, browser: Browser, clock: MovableClock, database: Connection
    ) -> None:
        await browser.sign_up()

        first, second = await self.refresh_twice(browser, clock, seconds=29)

        successors = {response.cookies["todochat_refresh"] for response in (first, second)}
        assert (first.status_code, second.status_code) == (200, 200)
        assert len(successors) == 1
        assert await self.live_tokens(browser, database) == 1
        assert (await browser.refresh(successors.pop())).status_code == 200
        assert (await browser.me(second.json()["access_token"])).status_code == 200

    async def test_the_cookie_of_a_repeated_successor_expires_with_the_token(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await browser.sign_up()

        _, repeated = await self.refresh_twice(browser, clock, seconds=20)

        age = re.search(r"Max-Age=(\d+)", repeated.headers["set-cookie"])
        assert age is not None
        assert 30 * 86400 - 25 < int(age[1]) <= 30 * 86400 - 20

    async def test_concurrent_refreshes_return_the_same_successor(
        self, browser: Browser, database: Connection
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token

        responses = await asyncio.gather(*(browser.refresh(token) for _ in range(5)))

        assert [response.status_code for response in responses] == [200] * 5
        assert len({response.cookies["todochat_refresh"] for response in responses}) == 1
        assert await self.live_tokens(browser, database) == 1

    async def test_a_tab_with_an_earlier_cookie_gets_the_newest_one(self, browser: Browser) -> None:
        await browser.sign_up()
        first = (await browser.refresh()).cookies["todochat_refresh"]
        second = (await browser.refresh(first)).cookies["todochat_refresh"]

        # The response with `first` arrived after the one with `second` and replaced its cookie.
        repeated = await browser.refresh(first)

        assert repeated.cookies["todochat_refresh"] == second

    @pytest.mark.parametrize("seconds", [0, 29])
    async def test_reusing_a_token_after_its_successor_was_used_ends_the_session(
        self, browser: Browser, clock: MovableClock, database: Connection, seconds: int
    ) -> None:
        access = (await browser.sign_up()).json()["access_token"]
        stolen = browser.refresh_token
        successor = (await browser.refresh(stolen)).cookies["todochat_refresh"]
        clock.advance(seconds=seconds)
        newest = (await browser.refresh(successor)).cookies["todochat_refresh"]

        replayed = await browser.refresh(stolen)

        assert replayed.status_code == 401
        assert await self.live_tokens(browser, database) == 0
        assert (await browser.refresh(newest)).status_code == 401
        assert (await browser.me(access)).status_code == 401

    async def test_a_successor_survives_a_rotation_of_secrets(
        self, service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token
        first = await browser.refresh(token)

        both = RefreshTokens(["another secret", SERVICE_SECRET])
        monkeypatch.setattr(service.services.sessions, "_refresh_tokens", both)
        repeated = await browser.refresh(token)

        assert repeated.cookies["todochat_refresh"] == first.cookies["todochat_refresh"]

    async def test_a_successor_of_a_removed_secret_is_refused_without_ending_the_session(
        self, service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token
        successor = (await browser.refresh(token)).cookies["todochat_refresh"]

        other = RefreshTokens(["another secret"])
        monkeypatch.setattr(service.services.sessions, "_refresh_tokens", other)

        assert (await browser.refresh(token)).status_code == 401
        assert (await browser.refresh(successor)).status_code == 200

    async def test_reusing_a_token_after_thirty_seconds_ends_the_session(
        self, browser: Browser, clock: MovableClock, database: Connection, redis: Redis
    ) -> None:
        access = (await browser.sign_up()).json()["access_token"]
        stolen = browser.refresh_token
        successor = (await browser.refresh(stolen)).cookies["todochat_refresh"]

        clock.advance(seconds=31)
        reused = await browser.refresh(stolen)

        assert reused.status_code == 401
        assert reused.json()["type"] == "urn:todochat:problem:refresh-refused"
        assert (await browser.refresh(successor)).status_code == 401
        assert (await browser.me(access)).status_code == 401
        sids = await database.fetch(
            "SELECT id FROM sessions WHERE revoke_reason = 'refresh_reuse' AND user_id ="
            " (SELECT id FROM users WHERE email = $1)",
            browser.email,
        )
        assert len(sids) == 1
        assert await redis.zscore("auth:revoked", sids[0]["id"]) is not None

    async def test_a_concurrent_sign_out_wins_over_a_refresh(
        self, browser: Browser, database: Connection, auth_urls: DatabaseUrls
    ) -> None:
        user_id = (await browser.sign_up()).json()["user"]["id"]
        signing_out = database.transaction()
        await signing_out.start()
        await database.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = $1", user_id)

        refreshing = asyncio.create_task(browser.refresh())
        async with connect_owner(auth_urls) as watcher:
            await wait_until(lambda: is_transaction_blocked(watcher))
        await signing_out.commit()

        assert (await refreshing).status_code == 401

    async def test_reuse_does_not_end_other_sessions(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await browser.sign_up()
        stolen = browser.refresh_token
        await browser.refresh(stolen)
        await browser.sign_in()
        other = browser.refresh_token

        clock.advance(seconds=31)
        await browser.refresh(stolen)

        assert (await browser.refresh(other)).status_code == 200

    async def test_a_token_expires_after_thirty_days(
        self, service: Service, clock: MovableClock
    ) -> None:
        early, late = service.browser(), service.browser()
        await early.sign_up()
        await late.sign_up()

        clock.advance(days=30, seconds=-10)
        within = await early.refresh(early.refresh_token)
        clock.advance(seconds=11)
        over = await late.refresh(late.refresh_token)

        assert (within.status_code, over.status_code) == (200, 401)

    async def test_a_session_expires_after_ninety_days_despite_refreshes(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token

        for days in (29, 29, 29):
            clock.advance(days=days)
            token = (await browser.refresh(token)).cookies["todochat_refresh"]
        clock.advance(days=2, hours=23, minutes=44)
        last = await browser.refresh(token)
        clock.advance(minutes=2)
        over = await browser.refresh(last.cookies["todochat_refresh"])

        assert (last.status_code, over.status_code) == (200, 401)

    @pytest.mark.parametrize("token", ["", "nonsense", "x" * 4000, "%00\u00fc"])
    async def test_an_unknown_token_is_refused(self, browser: Browser, token: str) -> None:
        response = await browser.refresh(token)

        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"

    async def test_a_refresh_without_a_cookie_is_refused(self, browser: Browser) -> None:
        assert (await browser.refresh()).status_code == 401

    async def test_refresh_only_accepts_post(self, browser: Browser) -> None:
        await browser.sign_up()

        responses = [
            await browser.http.get(f"/api/auth/{route}") for route in ("refresh", "sign-out")
        ]

        assert [response.status_code for response in responses] == [405, 405]


class TestOrigin:
    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "null",
            "http://localhost:8001",
            "http://localhost",
            "http://localhost:8000.evil.example",
            "http://",
            "http://[",
            "[",
        ],
    )
    async def test_a_page_of_another_site_is_refused(self, browser: Browser, origin: str) -> None:
        await browser.sign_up()
        token = browser.refresh_token

        responses = [
            await browser.post(f"/api/auth/{route}", {}, headers={"Origin": origin})
            for route in ("sign-up", "sign-in", "refresh", "sign-out")
        ]

        assert [response.status_code for response in responses] == [403] * 4
        assert responses[0].json()["type"] == "urn:todochat:problem:origin-refused"
        assert browser.refresh_token == token

    @pytest.mark.parametrize("allowed", ["*", "null", "https://*.app.example"])
    @pytest.mark.parametrize("origin", ["null", "https://evil.app.example"])
    async def test_cookie_routes_refuse_origins_that_are_allowed_by_a_pattern(
        self, start_service: StartService, allowed: str, origin: str
    ) -> None:
        browser = (await start_service(cors_allowed_origins=allowed)).browser()
        await browser.sign_up()

        response = await browser.refresh(browser.refresh_token, headers={"Origin": origin})

        assert response.status_code == 403

    @pytest.mark.parametrize(
        ("settings", "headers"),
        [
            ({}, {}),
            ({}, {"Origin": "http://localhost:8000"}),
            ({"public_url": "https://todo.example:443/"}, {"Origin": "https://TODO.example"}),
            (
                {"cors_allowed_origins": "http://localhost:3000"},
                {"Origin": "http://localhost:3000"},
            ),
            ({}, {"Origin": "http://192.168.1.5:8000", "Host": "192.168.1.5:8000"}),
        ],
    )
    async def test_own_pages_can_refresh_and_sign_out(
        self, start_service: StartService, settings: dict[str, str], headers: dict[str, str]
    ) -> None:
        browser = (await start_service(**settings)).browser()
        await browser.sign_up()

        refreshed = await browser.refresh(browser.refresh_token, headers=headers)
        signed_out = await browser.post("/api/auth/sign-out", headers=headers)

        assert (refreshed.status_code, signed_out.status_code) == (200, 204)


class TestSignOut:
    async def test_it_revokes_the_session_in_the_database_and_in_redis(
        self, browser: Browser, database: Connection, redis: Redis
    ) -> None:
        body = (await browser.sign_up()).json()
        token = browser.refresh_token
        channel: Any = redis.pubsub()  # redis-py doesn't type its aclose()
        await channel.subscribe("auth:revocations")
        await channel.get_message(timeout=5)

        response = await browser.post("/api/auth/sign-out")

        session = await database.fetchrow(
            "SELECT id, revoked_at, revoke_reason, tokens_until FROM sessions WHERE user_id = $1",
            body["user"]["id"],
        )
        assert response.status_code == 204
        assert session is not None
        assert session["revoked_at"] is not None
        assert session["revoke_reason"] == "sign_out"
        # The start of the service may publish sessions of earlier tests on the same channel.
        await wait_until(lambda: announces(channel, session["id"]))
        await channel.aclose()
        score = await redis.zscore("auth:revoked", session["id"])
        assert score is not None
        assert 30 <= score - session["tokens_until"].timestamp() <= 31
        assert (await browser.refresh(token)).status_code == 401
        assert (await browser.me(body["access_token"])).status_code == 401

    async def test_a_client_without_cookies_signs_out_with_its_login_token(
        self, browser: Browser
    ) -> None:
        token = (await browser.sign_up()).json()["access_token"]
        refresh_token = browser.refresh_token
        browser.http.cookies.clear()

        response = await browser.post(
            "/api/auth/sign-out", headers={"Authorization": f"Bearer {token}"}
        )

        assert response.status_code == 204
        assert (await browser.refresh(refresh_token)).status_code == 401

    async def test_a_second_sign_out_is_a_no_op(self, browser: Browser) -> None:
        await browser.sign_up()
        cookie = {"Cookie": f"todochat_refresh={browser.refresh_token}"}
        await browser.post("/api/auth/sign-out")

        again = await browser.post("/api/auth/sign-out", headers=cookie)
        without_cookie = await browser.post("/api/auth/sign-out")

        assert (again.status_code, without_cookie.status_code) == (204, 204)

    async def test_an_expired_login_token_does_not_prevent_the_sign_out(
        self, browser: Browser
    ) -> None:
        await browser.sign_up()
        token = browser.refresh_token

        response = await browser.post(
            "/api/auth/sign-out", headers={"Authorization": "Bearer x.y.z"}
        )

        assert response.status_code == 204
        assert (await browser.refresh(token)).status_code == 401

    async def test_an_invalid_login_token_without_a_cookie_is_401(self, browser: Browser) -> None:
        response = await browser.post(
            "/api/auth/sign-out", headers={"Authorization": "Bearer x.y.z"}
        )

        assert response.status_code == 401

    async def test_sign_out_keeps_other_sessions(self, browser: Browser) -> None:
        await browser.sign_up()
        other = browser.refresh_token
        await browser.sign_in()

        await browser.post("/api/auth/sign-out")

        assert (await browser.refresh(other)).status_code == 200

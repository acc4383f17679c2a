"""One-time sign-in links from a signed-in program to a browser."""

import asyncio
import hashlib

import httpx
import jwt
import pytest
from auth_kit import PASSWORD, Browser, Connection, MovableClock, Service, bearer

from todochat.identity.access_tokens import new_access_token

NEW_PASSWORD = "staple battery horse"
REFUSED = "urn:todochat:problem:sign-in-link-refused"


class Program:
    """A client that has signed up and creates links."""

    def __init__(self, browser: Browser, token: str) -> None:
        self.browser = browser
        self.token = token

    @classmethod
    async def sign_up(cls, service: Service) -> "Program":
        browser = service.browser()
        return cls(browser, (await browser.sign_up()).json()["access_token"])

    async def ask(self, token: str | None = None) -> httpx.Response:
        headers = bearer(token or self.token)
        return await self.browser.post("/api/auth/sign-in-links", headers=headers)

    async def link(self) -> str:
        response = await self.ask()
        assert response.status_code == 201, response.text
        token: str = response.json()["token"]
        return token

    async def sign_out_everywhere(self) -> httpx.Response:
        headers = bearer(self.token)
        return await self.browser.post("/api/auth/sign-out-everywhere", headers=headers)

    async def change_password(self, current: str, new: str) -> httpx.Response:
        body = {"current_password": current, "new_password": new}
        return await self.browser.post("/api/auth/password", body, headers=bearer(self.token))


def sid_of(token: str) -> str:
    sid: str = jwt.decode(token, options={"verify_signature": False})["sid"]
    return sid


async def redeem(browser: Browser, token: str, **options: object) -> httpx.Response:
    return await browser.post("/api/auth/sign-in-links/redeem", {"token": token}, **options)


@pytest.fixture
async def program(service: Service) -> Program:
    return await Program.sign_up(service)


async def test_a_link_signs_in_once(service: Service, program: Program) -> None:
    token = await program.link()
    phone, thief = service.browser(), service.browser()

    first = await redeem(phone, token)
    second = await redeem(thief, token)

    assert first.status_code == 200
    assert first.json()["user"]["email"] == program.browser.email
    assert sid_of(first.json()["access_token"]) != sid_of(program.token)
    assert (await phone.refresh()).status_code == 200
    assert (second.status_code, second.json()["type"]) == (401, REFUSED)
    assert "used or has expired" in second.json()["detail"]
    assert thief.refresh_token is None


async def test_of_concurrent_redemptions_one_succeeds(service: Service, program: Program) -> None:
    token = await program.link()

    responses = await asyncio.gather(*(redeem(service.browser(), token) for _ in range(8)))

    assert sorted(response.status_code for response in responses) == [200, *[401] * 7]


async def test_a_link_expires_after_ten_minutes(service: Service, clock: MovableClock) -> None:
    clock.advance(minutes=-11)
    early = await Program.sign_up(service)
    token = await early.link()
    clock.advance(minutes=11)

    assert (await redeem(service.browser(), token)).status_code == 401


async def test_a_new_link_replaces_the_previous_one(service: Service, program: Program) -> None:
    old, new = await program.link(), await program.link()

    assert (await redeem(service.browser(), old)).status_code == 401
    assert (await redeem(service.browser(), new)).status_code == 200


async def test_only_a_hash_is_stored(program: Program, database: Connection) -> None:
    token = await program.link()

    row = await database.fetchrow(
        "SELECT * FROM sign_in_links WHERE session_id = $1", sid_of(program.token)
    )

    assert row is not None
    assert row["token_hash"] == hashlib.sha256(token.encode()).digest()
    assert token not in str(dict(row))


async def test_a_login_token_alone_cannot_create_a_link(service: Service, program: Program) -> None:
    """A login token lives for 15 minutes; a session opened with a link lives for weeks."""
    other = await Program.sign_up(service)
    alone = await service.browser().post("/api/auth/sign-in-links", headers=bearer(program.token))

    with_cookie_of_another = await other.ask(program.token)

    assert (alone.status_code, with_cookie_of_another.status_code) == (401, 401)
    assert alone.json()["type"] == "urn:todochat:problem:refresh-refused"


async def test_an_access_token_cannot_create_a_link(program: Program) -> None:
    assert (await program.ask(new_access_token())).status_code == 403


@pytest.mark.parametrize("way", ["sign-out", "sign-out-everywhere", "password", "other-password"])
async def test_a_link_becomes_invalid_with_its_session_and_password(
    service: Service, program: Program, way: str
) -> None:
    token = await program.link()
    elsewhere = service.browser()
    elsewhere.email = program.browser.email
    other = Program(elsewhere, (await elsewhere.sign_in()).json()["access_token"])
    match way:
        case "sign-out":
            ended = await program.browser.post("/api/auth/sign-out")
        case "sign-out-everywhere":
            ended = await other.sign_out_everywhere()
        case "password":
            ended = await program.change_password(PASSWORD, NEW_PASSWORD)
        case _:
            ended = await other.change_password(PASSWORD, NEW_PASSWORD)

    response = await redeem(service.browser(), token)

    assert ended.status_code == 204
    assert (response.status_code, response.json()["type"]) == (401, REFUSED)


@pytest.mark.parametrize("way", ["sign-out-everywhere", "password"])
async def test_ending_all_sessions_covers_a_concurrent_redemption(
    service: Service, database: Connection, way: str
) -> None:
    for _ in range(6):
        program = await Program.sign_up(service)
        token = await program.link()
        elsewhere = service.browser()
        elsewhere.email = program.browser.email
        other = Program(elsewhere, (await elsewhere.sign_in()).json()["access_token"])
        ending = (
            other.sign_out_everywhere()
            if way == "sign-out-everywhere"
            else other.change_password(PASSWORD, NEW_PASSWORD)
        )

        await asyncio.gather(redeem(service.browser(), token), ending)

        left = await database.fetch(
            "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id"
            " WHERE u.email = $1 AND s.revoked_at IS NULL AND s.id <> $2",
            program.browser.email,
            sid_of(other.token),
        )
        assert left == []


async def test_a_page_of_another_site_cannot_redeem(service: Service, program: Program) -> None:
    token = await program.link()

    refused = await redeem(service.browser(), token, headers={"Origin": "https://evil.example"})

    assert refused.status_code == 403
    assert (await redeem(service.browser(), token)).status_code == 200


async def test_a_disabled_account_cannot_redeem(service: Service, program: Program) -> None:
    token = await program.link()
    me = await program.browser.me(program.token)
    await service.services.account_admin.disable_account(me.json()["id"])

    assert (await redeem(service.browser(), token)).status_code == 401

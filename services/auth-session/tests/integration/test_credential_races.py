"""Credentials that change while a request with the previous ones is in progress."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from auth_kit import (
    PASSWORD,
    Browser,
    Connection,
    Service,
    StartService,
    bearer,
    connect_owner,
    is_transaction_blocked,
)

from auth_session.service.session_service import SessionTokens
from todochat.database.bootstrap import DatabaseUrls
from todochat.ids import new_id
from todochat.testing.issuer import BETTER_AUTH_SECRET, better_auth_token
from todochat.testing.waiting import wait_until

NEW = "a better horse battery"
LIVE_SESSIONS = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL"


class HeldHasher:
    """The real hasher; its first verification waits until it is released."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.held = threading.Event()
        self.release = threading.Event()

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, hash_: str, password: str) -> bool:
        if not self.held.is_set():
            self.held.set()
            assert self.release.wait(10)
        return self._hasher.verify(hash_, password)

    def check_needs_rehash(self, hash_: str) -> bool:
        return self._hasher.check_needs_rehash(hash_)


@pytest.fixture
def hasher(service: Service, monkeypatch: pytest.MonkeyPatch) -> HeldHasher:
    hasher = HeldHasher(service.services.password_pool._hasher)
    monkeypatch.setattr(service.services.password_pool, "_hasher", hasher)
    return hasher


class Account:
    """An account with one session, and a second browser with its password."""

    def __init__(self, service: Service, browser: Browser, body: dict[str, Any]) -> None:
        self.service = service
        self.browser = browser
        self.user_id: str = body["user"]["id"]
        self.login: str = body["access_token"]
        self.elsewhere = service.browser("203.0.113.8")
        self.elsewhere.email = browser.email

    async def change_password(self) -> None:
        body = {"current_password": PASSWORD, "new_password": NEW}
        response = await self.browser.post("/api/auth/password", body, headers=bearer(self.login))
        assert response.status_code == 204

    async def reset_password(self) -> None:
        await self.service.services.account_admin.reset_password(self.user_id)

    async def disable(self) -> None:
        await self.service.services.account_admin.disable_account(self.user_id)

    async def erase(self) -> None:
        await self.service.services.account_admin.erase_account(self.user_id)


@pytest.fixture
async def account(service: Service) -> Account:
    browser = service.browser()
    return Account(service, browser, (await browser.sign_up()).json())


async def while_held(
    hasher: HeldHasher, request: Awaitable[httpx.Response], event: Awaitable[None]
) -> httpx.Response:
    """Run `event` while the password of `request` is being verified."""
    running = asyncio.ensure_future(request)
    await wait_until(hasher.held.is_set)
    await event
    hasher.release.set()
    return await running


@pytest.mark.parametrize(
    ("event", "status", "live"),
    [
        (Account.change_password, 401, 1),
        (Account.reset_password, 401, 0),
        (Account.disable, 403, 0),
        (Account.erase, 401, 0),
    ],
)
async def test_a_concurrent_change_ends_a_sign_in_in_progress(
    account: Account,
    hasher: HeldHasher,
    database: Connection,
    event: Callable[[Account], Awaitable[None]],
    status: int,
    live: int,
) -> None:
    response = await while_held(hasher, account.elsewhere.sign_in(), event(account))

    assert response.status_code == status
    assert await database.fetchval(LIVE_SESSIONS, account.user_id) == live


async def test_a_password_change_ends_a_sign_in_that_committed_first(
    account: Account,
    auth_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = account.service.services.sessions
    open_session, opened, commit = sessions.open_session, asyncio.Event(), asyncio.Event()

    async def open_and_wait(*arguments: Any) -> SessionTokens:
        tokens = await open_session(*arguments)
        opened.set()
        await commit.wait()
        return tokens

    monkeypatch.setattr(sessions, "open_session", open_and_wait)
    signing_in = asyncio.create_task(account.elsewhere.sign_in())
    await opened.wait()
    changing = asyncio.create_task(account.change_password())
    async with connect_owner(auth_urls) as watcher:
        await wait_until(lambda: is_transaction_blocked(watcher))
    commit.set()
    token = (await signing_in).json()["access_token"]
    await changing

    assert (await account.elsewhere.me(token)).status_code == 401
    assert (await account.elsewhere.refresh()).status_code == 401
    assert (await account.browser.me(account.login)).status_code == 200


async def test_rehashing_does_not_restore_the_previous_password(
    account: Account, hasher: HeldHasher, database: Connection
) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    await database.execute(
        "UPDATE passwords SET password_hash = $1 WHERE user_id = $2", older, account.user_id
    )

    response = await while_held(hasher, account.elsewhere.sign_in(), account.change_password())

    assert response.status_code == 401
    assert (await account.elsewhere.sign_in()).status_code == 401
    assert (await account.elsewhere.sign_in(password=NEW)).status_code == 200


async def test_a_concurrently_rehashed_password_is_verified_again(
    account: Account, hasher: HeldHasher, database: Connection
) -> None:
    async def renew() -> None:
        renewed = hasher.hash(PASSWORD)
        await database.execute(
            "UPDATE passwords SET password_hash = $1 WHERE user_id = $2", renewed, account.user_id
        )

    response = await while_held(hasher, account.elsewhere.sign_in(), renew())

    assert response.status_code == 200


async def test_the_previous_password_cannot_confirm_an_erasure(
    account: Account, hasher: HeldHasher
) -> None:
    deleting = account.browser.http.request(
        "DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=bearer(account.login)
    )

    response = await while_held(hasher, deleting, account.change_password())

    assert response.status_code == 403
    assert response.json()["type"] == "urn:todochat:problem:wrong-password"
    assert (await account.browser.me(account.login)).status_code == 200


async def test_disabling_ends_an_exchange_in_progress(
    start_service: StartService, database: Connection, auth_urls: DatabaseUrls
) -> None:
    service = await start_service(better_auth_secret=BETTER_AUTH_SECRET)
    user_id = new_id("ext")

    async def exchange() -> int:
        token = better_auth_token(id=user_id, jti=new_id("jti"))
        response = await service.browser().post("/api/auth/exchange", {"token": token})
        return response.status_code

    assert await exchange() == 200
    disabling = database.transaction()
    await disabling.start()
    await database.execute("UPDATE users SET disabled_at = now() WHERE id = $1", user_id)
    await database.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = $1", user_id)
    exchanging = asyncio.create_task(exchange())

    async def is_blocked_or_done() -> bool:
        return exchanging.done() or await is_transaction_blocked(watcher)

    async with connect_owner(auth_urls) as watcher:
        await wait_until(is_blocked_or_done)
    await disabling.commit()

    assert await exchanging == 403
    assert await database.fetchval(LIVE_SESSIONS, user_id) == 0

"""Erasing an account: at once in this service, with retries in the others."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from auth_kit import (
    PASSWORD,
    SERVICE_TOKENS,
    Browser,
    Connection,
    MovableClock,
    Service,
    StartService,
    bearer,
)
from redis.asyncio import Redis

from auth_session import lifespan
from auth_session.domain.user import User
from auth_session.storage.records import METADATA
from auth_session.storage.user_repository import UserRepository
from todochat.clock import utc_now
from todochat.identity.revocation import REVOKED_KEY
from todochat.identity.service_tokens import Arrow
from todochat.ids import new_id
from todochat.testing import free_port, wait_until
from todochat.testing.issuer import BETTER_AUTH_SECRET, better_auth_token


class Elsewhere:
    """Another service with users' data; records requests and returns set responses."""

    def __init__(self, name: str, arrow: Arrow, asked: list[tuple[str, str]]) -> None:
        self.name = name
        self.arrow = arrow
        self.asked = asked
        self.status = 204
        app = web.Application()
        app.router.add_delete("/internal/users/{user_id}", self.erase)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def erase(self, request: web.Request) -> web.Response:
        bearer_token = request.headers["Authorization"].removeprefix("Bearer ")
        identity = SERVICE_TOKENS.verify([self.arrow], bearer_token)
        assert identity.user_id == request.match_info["user_id"]
        self.asked.append((self.name, identity.user_id))
        return web.Response(status=self.status)


@pytest.fixture(autouse=True)
def look_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the erasure job: the tests run due erasures themselves."""
    monkeypatch.setattr(lifespan, "ERASURE_INTERVAL_S", 3600.0)


@pytest.fixture
def frequent_erasures(look_seldom: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the erasure job more often than every 2 s."""
    monkeypatch.setattr(lifespan, "ERASURE_INTERVAL_S", 0.05)


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    """The requests to erase users, as (service, user), in order."""
    return []


@pytest_asyncio.fixture
async def agent(asked: list[tuple[str, str]]) -> AsyncIterator[Elsewhere]:
    agent = Elsewhere("agent", Arrow.AUTH_TO_AGENT, asked)
    async with agent.server:
        yield agent


@pytest_asyncio.fixture
async def tasks(asked: list[tuple[str, str]]) -> AsyncIterator[Elsewhere]:
    tasks = Elsewhere("tasks", Arrow.AUTH_TO_TASKS, asked)
    async with tasks.server:
        yield tasks


@pytest_asyncio.fixture
async def whole(start_service: StartService, agent: Elsewhere, tasks: Elsewhere) -> Service:
    return await start_service(todo_agent_url=agent.url, tasks_url=tasks.url)


class Person:
    """A user with an account and a browser."""

    def __init__(self, browser: Browser, signed_up: dict[str, Any]) -> None:
        self.browser = browser
        self.login: str = signed_up["access_token"]
        self.user_id: str = signed_up["user"]["id"]

    async def erase(self, body: object = None) -> int:
        response = await self.browser.http.request(
            "DELETE", "/api/auth/me", json=body, headers=bearer(self.login)
        )
        return response.status_code


async def sign_up(service: Service) -> Person:
    browser = service.browser()
    return Person(browser, (await browser.sign_up()).json())


async def traces(database: Connection, *words: str) -> list[str]:
    """Return the tables in which one of the words occurs in any column."""
    found = []
    for table in METADATA.tables:
        for row in await database.fetch(f"SELECT t::text FROM {table} t"):
            found += [table for word in words if word in row[0]]
    return sorted(set(found))


async def is_finished(database: Connection, person: Person) -> bool:
    return await traces(database, person.user_id) == []


async def work_until_finished(service: Service, database: Connection, person: Person) -> None:
    async def work() -> bool:
        await service.services.erasures.run_due_erasures()
        return await is_finished(database, person)

    await wait_until(work, timeout_s=20)


@pytest.mark.usefixtures("frequent_erasures")
async def test_erasure_leaves_no_data(
    whole: Service, database: Connection, clock: MovableClock
) -> None:
    ada = await sign_up(whole)
    await ada.browser.sign_in(password="a wrong password")
    await ada.browser.post(
        "/api/auth/tokens",
        {"name": "cron", "scopes": ["chat"], "password": PASSWORD},
        headers=bearer(ada.login),
    )
    await whole.services.accounts.create_invitation(ada.browser.email)

    status = await ada.erase({"password": PASSWORD})

    assert status == 202
    assert await traces(database, ada.user_id, ada.browser.email) == ["erasures"]

    async def is_done() -> bool:
        clock.advance(seconds=20)  # an attempt that began earlier reschedules it
        return await is_finished(database, ada)

    await wait_until(is_done, timeout_s=20, interval_s=0.1)


async def test_the_agent_is_erased_before_tasks_and_both_again_after_the_settle_time(
    whole: Service, database: Connection, clock: MovableClock, asked: list[tuple[str, str]]
) -> None:
    ada = await sign_up(whole)

    await ada.erase({"password": PASSWORD})
    await whole.services.erasures.run_due_erasures()
    clock.advance(seconds=20)
    await work_until_finished(whole, database, ada)

    names = [name for name, user_id in asked if user_id == ada.user_id]
    assert names == ["agent", "tasks"] * 2


@pytest.mark.parametrize("status", [202, 409, 500, 503])
async def test_an_unfinished_erasure_is_retried(
    whole: Service,
    agent: Elsewhere,
    database: Connection,
    clock: MovableClock,
    status: int,
) -> None:
    ada = await sign_up(whole)
    agent.status = status
    await ada.erase({"password": PASSWORD})
    await whole.services.erasures.run_due_erasures()
    clock.advance(minutes=1)
    await whole.services.erasures.run_due_erasures()
    assert await traces(database, ada.user_id) == ["erasures"]

    agent.status = 204
    clock.advance(minutes=5)

    await work_until_finished(whole, database, ada)


@pytest.mark.usefixtures("frequent_erasures")
async def test_unavailable_services_are_retried_until_they_are_back(
    start_service: StartService,
    agent: Elsewhere,
    tasks: Elsewhere,
    database: Connection,
    clock: MovableClock,
) -> None:
    unreachable = f"http://127.0.0.1:{free_port()}"
    alone = await start_service(todo_agent_url=unreachable, tasks_url=unreachable)
    pending_before, _ = await alone.services.erasures.measure_backlog()
    ada = await sign_up(alone)
    await ada.erase({"password": PASSWORD})
    await alone.services.erasures.run_due_erasures()
    assert await traces(database, ada.user_id) == ["erasures"]

    clock.advance(minutes=20)
    waiting = await alone.services.erasures.measure_backlog()
    await start_service(todo_agent_url=agent.url, tasks_url=tasks.url)

    async def is_done() -> bool:
        clock.advance(minutes=20)  # a failed attempt reschedules it
        return await is_finished(database, ada)

    await wait_until(is_done, timeout_s=30, interval_s=0.2)
    # The backlog also holds erasures that earlier tests have left in this database.
    assert waiting[0] == pending_before + 1
    assert waiting[1] >= 20 * 60


async def test_the_tokens_of_an_erased_account_are_revoked(
    whole: Service, redis: Redis, database: Connection
) -> None:
    ada = await sign_up(whole)
    token = (
        await ada.browser.post(
            "/api/auth/tokens",
            {"name": "cron", "scopes": ["chat"], "password": PASSWORD},
            headers=bearer(ada.login),
        )
    ).json()
    session_rows = await database.fetch("SELECT id FROM sessions WHERE user_id = $1", ada.user_id)
    sids = [row["id"] for row in session_rows] + [token["id"]]

    await ada.erase({"password": PASSWORD})

    assert (await ada.browser.me(ada.login)).status_code == 401
    assert (await ada.browser.refresh()).status_code == 401
    assert (await ada.browser.client_secret(token["token"])).status_code == 401
    assert (await ada.browser.sign_in()).status_code == 401
    assert None not in [await redis.zscore(REVOKED_KEY, sid) for sid in sids]
    await redis.delete(REVOKED_KEY)
    await whole.services.revocations.republish()
    assert None not in [await redis.zscore(REVOKED_KEY, sid) for sid in sids]


async def test_the_same_address_can_sign_up_again(whole: Service) -> None:
    ada = await sign_up(whole)
    await ada.erase({"password": PASSWORD})

    again = await ada.browser.sign_up()

    assert again.status_code == 201
    assert again.json()["user"]["id"] != ada.user_id


@pytest.mark.parametrize("body", [None, {}, {"password": "not this one"}])
async def test_erasure_requires_the_password(whole: Service, body: object) -> None:
    ada = await sign_up(whole)

    status = await ada.erase(body)

    assert status == 403
    assert (await ada.browser.me(ada.login)).status_code == 200


async def test_wrong_passwords_are_limited(whole: Service) -> None:
    ada = await sign_up(whole)
    for _ in range(10):
        await ada.erase({"password": "not this one"})

    status = await ada.erase({"password": PASSWORD})

    assert status == 429


async def test_an_access_token_cannot_erase_the_account(whole: Service) -> None:
    ada = await sign_up(whole)
    body = {"name": "cron", "scopes": ["chat", "tasks"], "password": PASSWORD}
    made = await ada.browser.post("/api/auth/tokens", body, headers=bearer(ada.login))

    response = await ada.browser.http.request(
        "DELETE",
        "/api/auth/me",
        json={"password": PASSWORD},
        headers=bearer(made.json()["token"]),
    )

    assert response.status_code == 403
    assert (await ada.browser.me(ada.login)).status_code == 200


async def test_an_account_without_a_password_is_erased_without_one(
    whole: Service, database: Connection
) -> None:
    user = User(
        id=new_id("usr"),
        issuer="https://issuer.example",
        subject=new_id("sub"),
        email=None,
        name=None,
        timezone=None,
        locale=None,
        created_at=utc_now(),
    )
    async with whole.services.database.transaction() as transaction:
        await database.execute(
            "INSERT INTO users (id, issuer, subject, created_at, updated_at)"
            " VALUES ($1, $2, $3, now(), now())",
            user.id,
            user.issuer,
            user.subject,
        )
        assert await UserRepository(transaction).get_account(user.id) is not None
        signed_in = await whole.services.sessions.open_session(transaction, user)
    person = Person(
        whole.browser(), {"access_token": signed_in.access_token, "user": {"id": user.id}}
    )

    status = await person.erase()

    assert status == 202
    assert await traces(database, user.subject) == []


async def test_an_external_account_is_recreated_after_its_erasure(
    start_service: StartService,
    agent: Elsewhere,
    tasks: Elsewhere,
    database: Connection,
    clock: MovableClock,
) -> None:
    service = await start_service(
        todo_agent_url=agent.url, tasks_url=tasks.url, better_auth_secret=BETTER_AUTH_SECRET
    )
    subject, numbers = new_id("ext"), itertools.count()

    async def exchange() -> httpx.Response:
        token = better_auth_token(id=subject, n=next(numbers))  # no two tokens are the same
        return await service.browser().post("/api/auth/exchange", {"token": token})

    ada = Person(service.browser(), (await exchange()).json())
    assert await ada.erase() == 202
    refused = await exchange()
    clock.advance(seconds=20)
    await work_until_finished(service, database, ada)
    again = Person(service.browser(), (await exchange()).json())

    assert refused.status_code == 403
    assert await again.erase() == 202
    clock.advance(seconds=20)
    await work_until_finished(service, database, again)

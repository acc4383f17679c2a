"""Fixtures of auth-session's tests: migrated databases, and the service as a browser sees it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from auth_kit import PUBLIC_URL, SERVICE_SECRET, Browser, MovableClock, Service, StartService
from litestar import Litestar

from auth_session.__main__ import MIGRATIONS
from auth_session.app import create_app
from auth_session.service import password_pool
from auth_session.settings import AuthSessionSettings
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresServer


def _migrated_database(postgres: PostgresServer) -> DatabaseUrls:
    urls = asyncio.run(postgres.create_database("auth"))
    run_migrations(urls.owner, MIGRATIONS)
    return urls


@pytest.fixture(scope="session")
def auth_urls(postgres):
    """A migrated database for the whole test session; tests keep apart by e-mail address."""
    return _migrated_database(postgres)


@pytest.fixture
def own_urls(postgres):
    """A migrated database of the test's own."""
    return _migrated_database(postgres)


@pytest.fixture
def make_settings(auth_urls, redis_url):
    def make(**overrides: object) -> AuthSessionSettings:
        values = {
            "auth_database_url": auth_urls.app,
            "redis_url": redis_url,
            "todochat_service_secret": SERVICE_SECRET,
            "public_url": PUBLIC_URL,
            "auth_sign_up": "open",
            "log_level": "warning",
        }
        return AuthSessionSettings(**{**values, **overrides})

    return make


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch):
    """Hash with the least work argon2id knows; `test_password_pool` looks at the real parameters."""
    monkeypatch.setattr(
        password_pool,
        "create_hasher",
        lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )


@pytest.fixture
def clock():
    return MovableClock()


class _Running:
    """Runs an app's lifespan in a task of its own: it must end in the task where it began."""

    def __init__(self, app: Litestar) -> None:
        self.app = app
        self._started = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def started(self) -> None:
        waiting = asyncio.create_task(self._started.wait())
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        self._stopping.set()
        await self._task

    async def _run(self) -> None:
        async with self.app.lifespan():
            self._started.set()
            await self._stopping.wait()


class Apps:
    """Apps that no test runs at the moment: routes and OpenAPI take longer to build than a test.

    What an app works with, it opens in its lifespan, which each test begins and ends anew.
    """

    def __init__(self) -> None:
        self._idle: dict[AuthSessionSettings, list[Litestar]] = {}

    def take(self, settings: AuthSessionSettings, clock: MovableClock) -> Litestar:
        idle = self._idle.get(settings)
        if not idle:
            return create_app(settings, clock)
        app = idle.pop()
        app.state.clock = clock
        return app

    def give_back(self, app: Litestar) -> None:
        self._idle.setdefault(app.state.settings, []).append(app)


@pytest.fixture(scope="session")
def apps() -> Apps:
    return Apps()


@pytest_asyncio.fixture
async def start_service(make_settings, clock, redis, apps) -> AsyncIterator[StartService]:
    """Start the service with some settings; it is stopped at the end of the test."""
    running: list[_Running] = []

    async def start(**overrides: object) -> Service:
        app = apps.take(make_settings(**overrides), clock)
        running.append(_Running(app))
        try:
            await running[-1].started()
        except BaseException:
            running.pop()
            raise
        return Service(app, app.state.services)

    yield start
    for each in running:
        await each.stop()
        apps.give_back(each.app)


@pytest_asyncio.fixture
async def service(start_service) -> Service:
    return await start_service()


@pytest.fixture
def browser(service) -> Browser:
    return service.browser()


@pytest_asyncio.fixture
async def database(auth_urls) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner, who sees everything."""
    connection = await asyncpg.connect(auth_urls.owner)
    yield connection
    await connection.close()

"""Fixtures of auth-session's tests: migrated databases, the service and browsers."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from auth_kit import (
    PUBLIC_URL,
    SERVICE_SECRET,
    Browser,
    Connection,
    MakeSettings,
    MovableClock,
    OpenDatabase,
    Running,
    Service,
    StartService,
    connect_owner,
    migrated_database,
)
from redis.asyncio import Redis

from auth_session.app import create_app
from auth_session.service import password_pool
from auth_session.settings import AuthSessionSettings
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.app_pool import AppPool
from todochat.testing.servers import PostgresServer


@pytest.fixture(scope="session")
def auth_urls(postgres: PostgresServer) -> DatabaseUrls:
    """A migrated database for the test session; tests use distinct e-mail addresses."""
    return migrated_database(postgres)


@pytest.fixture
def own_urls(postgres: PostgresServer) -> DatabaseUrls:
    """A migrated database for one test."""
    return migrated_database(postgres)


@pytest.fixture
def make_settings(auth_urls: DatabaseUrls, redis_url: str) -> MakeSettings:
    def make(**overrides: object) -> AuthSessionSettings:
        values: dict[str, Any] = {
            "auth_database_url": auth_urls.app,
            "redis_url": redis_url,
            "todochat_service_secret": SERVICE_SECRET,
            "public_url": PUBLIC_URL,
            "auth_sign_up": "open",
            "sign_ups_per_address": 0,  # tests share addresses and Redis
            "wrong_passwords_per_address": 0,
            "log_level": "warning",
        }
        return AuthSessionSettings(**{**values, **overrides})

    return make


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2id's cheapest parameters; `test_password_pool` checks the real ones."""
    monkeypatch.setattr(
        password_pool,
        "create_hasher",
        lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def apps() -> AppPool:
    return AppPool()


@pytest_asyncio.fixture
async def start_service(
    make_settings: MakeSettings, clock: MovableClock, redis: Redis, apps: AppPool
) -> AsyncIterator[StartService]:
    """Start the service with some settings; stop it after the test."""
    running: list[Running] = []

    async def start(**overrides: object) -> Service:
        settings = make_settings(**overrides)
        app = apps.take(settings, partial(create_app, settings))
        app.state.clock = clock
        running.append(Running(app))
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
async def service(start_service: StartService) -> Service:
    return await start_service()


@pytest.fixture
def browser(service: Service) -> Browser:
    return service.browser()


@pytest_asyncio.fixture
async def database(auth_urls: DatabaseUrls) -> AsyncIterator[Connection]:
    """A connection of the owner to the shared database."""
    async with connect_owner(auth_urls) as connection:
        yield connection


@pytest_asyncio.fixture
async def own_database(own_urls: DatabaseUrls) -> AsyncIterator[Connection]:
    """A connection of the owner to the database of one test."""
    async with connect_owner(own_urls) as connection:
        yield connection


@pytest_asyncio.fixture
async def open_own_database(own_urls: DatabaseUrls) -> AsyncIterator[OpenDatabase]:
    """Open the database of one test as the service does; close it after the test."""
    opened: list[Database] = []

    def open_database() -> Database:
        opened.append(Database(create_engine(own_urls.app, application_name="test")))
        return opened[-1]

    yield open_database
    for each in opened:
        await each.aclose()

"""Fixtures of the tasks service's tests: a migrated database, the service and its users.

Each test has its own users, so one database serves the whole test session.
"""

import inspect
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy.engine import make_url
from tasks_kit import (
    Connection,
    LockCount,
    MakeSettings,
    Person,
    Service,
    StartService,
    migrated_database,
    tasks_settings,
)

from todochat.bus.redis_client import create_server_client
from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.tokens import SigningKey
from todochat.testing.servers import PostgresServer


@pytest.fixture(scope="session")
def tasks_urls(postgres: PostgresServer) -> DatabaseUrls:
    return migrated_database(postgres)


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture(scope="module")
def make_settings(tasks_urls: DatabaseUrls, redis_url: str) -> MakeSettings:
    return partial(tasks_settings, tasks_urls, redis_url)


@pytest_asyncio.fixture(loop_scope="module")
async def start_service(
    make_settings: MakeSettings, signing_key: SigningKey
) -> AsyncIterator[StartService]:
    """Start a service with given settings; it is stopped at the end of the test."""
    services: list[Service] = []

    async def start(**overrides: object) -> Service:
        service = Service(make_settings(**overrides), signing_key)
        await service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        await service.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(make_settings: MakeSettings, signing_key: SigningKey) -> AsyncIterator[Service]:
    """The service shared by the tests of a module."""
    service = Service(make_settings(), signing_key)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def ada(service: Service) -> Person:
    return service.person()


@pytest.fixture
def bob(service: Service) -> Person:
    return service.person()


@pytest_asyncio.fixture(loop_scope="module")
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = create_server_client(redis_url)
    yield client
    await client.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def owner(postgres: PostgresServer, tasks_urls: DatabaseUrls) -> AsyncIterator[Connection]:
    """A superuser's connection, which bypasses row-level security."""
    url = make_url(postgres.admin_url).set(database=make_url(tasks_urls.owner).database)
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    yield connection
    await connection.close()


@pytest.fixture
def waits_for_a_lock(owner: Connection) -> LockCount:
    """Counts an application's connections that wait for a lock."""

    async def count(application: str) -> int:
        waiting: int = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
            " AND datname = current_database() AND wait_event_type = 'Lock'",
            application,
        )
        return waiting

    return count


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Run the async tests of a module in one event loop, which the service uses, too."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and inspect.iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)

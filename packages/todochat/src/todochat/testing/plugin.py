"""The pytest plugin with the fixtures that every test of the workspace may use.

A server comes from TEST_POSTGRES_URL (a superuser's) or TEST_REDIS_URL if set, else from the
wheels. Each xdist worker has its own servers: Pub/Sub ignores Redis database numbers.
"""

import functools
import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from httpx._config import create_ssl_context
from httpx._transports import default as httpx_transport
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from todochat.bus.redis_client import create_server_client
from todochat.telemetry import logging as logs
from todochat.testing.servers import PostgresProcess, PostgresServer, ValkeyProcess

# Property tests are never judged by their time: other tests share the machine.
for profile, examples in (("quick", 40), ("thorough", 200)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )

logs.CACHES_LOGGERS = False
# Each of httpx's clients loads all public certificates, for 30 ms of CPU, and a test opens several.
httpx_transport.create_ssl_context = functools.cache(create_ssl_context)  # type: ignore[attr-defined]


def pytest_configure(config: pytest.Config) -> None:
    """Search fewer examples in a run without the slow tests."""
    settings.load_profile("quick" if config.option.markexpr == "not slow" else "thorough")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the test session."""
    url = os.environ.get("TEST_POSTGRES_URL")  # noqa: TID251 - a setting of tests
    if url:
        yield PostgresServer(url)
        return
    process = PostgresProcess()
    try:
        process.start()
        yield PostgresServer(process.admin_url)
    finally:
        process.stop()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server for the test session."""
    url = os.environ.get("TEST_REDIS_URL")  # noqa: TID251 - a setting of tests
    if url:
        yield url
        return
    process = ValkeyProcess()
    try:
        process.start()
        yield process.url
    finally:
        process.stop()


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of a Redis server that is empty at the start of the test."""
    client = create_server_client(redis_url)
    await client.flushall()
    yield client
    await client.aclose()

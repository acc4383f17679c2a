"""Calls the internal API over HTTP like chat-gateway."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from api_kit import Gateway, OpenGateway, api_settings
from litestar import Litestar
from litestar.testing import AsyncTestClient
from redis.asyncio import Redis

from durable_chatkit.app import create_app
from todo_agent.settings import TodoAgentSettings
from todochat.database.bootstrap import DatabaseUrls


@pytest.fixture(scope="session")
def settings(chat_urls: DatabaseUrls, redis_url: str) -> TodoAgentSettings:
    """Settings with the default limits."""
    return api_settings(chat_urls, redis_url)


@pytest.fixture(scope="session")
def api(settings: TodoAgentSettings) -> Litestar:
    """The API, built once for all tests: its routes and OpenAPI take longer to build than a test.

    Its lifespan opens all resources, and each test starts and ends it.
    """
    return create_app(settings)


@pytest_asyncio.fixture
async def gateway(
    api: Litestar, settings: TodoAgentSettings, empty_chat: DatabaseUrls, redis: Redis
) -> AsyncIterator[Gateway]:
    """The API on an empty database."""
    async with AsyncTestClient(api) as client:
        yield Gateway(client, settings)


@pytest_asyncio.fixture
async def open_gateway(empty_chat: DatabaseUrls, redis_url: str) -> AsyncIterator[OpenGateway]:
    """Open an API with other settings or servers."""
    clients = []

    async def open_with(
        urls: DatabaseUrls = empty_chat, redis: str = redis_url, **more: str
    ) -> Gateway:
        settings = api_settings(urls, redis, **more)
        client = AsyncTestClient(create_app(settings))
        await client.__aenter__()
        clients.append(client)
        return Gateway(client, settings)

    yield open_with
    for client in clients:
        await client.__aexit__(None, None, None)

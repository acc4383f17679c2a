"""The internal api over HTTP, called as chat-gateway calls it."""

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
    """The default limits."""
    return api_settings(chat_urls, redis_url)


@pytest.fixture(scope="session")
def api(settings: TodoAgentSettings) -> Litestar:
    """The api, once for all tests: its routes and its OpenAPI take longer to build than a test.

    What it works with, it opens in its lifespan, which each test begins and ends anew.
    """
    return create_app(settings)


@pytest_asyncio.fixture
async def gateway(
    api: Litestar, settings: TodoAgentSettings, empty_chat: DatabaseUrls, redis: Redis
) -> AsyncIterator[Gateway]:
    """The api on an empty database."""
    async with AsyncTestClient(api) as client:
        yield Gateway(client, settings)


@pytest_asyncio.fixture
async def open_gateway(empty_chat: DatabaseUrls, redis_url: str) -> AsyncIterator[OpenGateway]:
    """Open an api with other settings or other engines."""
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

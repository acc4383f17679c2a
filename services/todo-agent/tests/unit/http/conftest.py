"""The internal api over HTTP, called as chat-gateway calls it."""

from collections.abc import AsyncIterator

import pytest_asyncio
from api_kit import Gateway, OpenGateway, api_settings
from litestar.testing import AsyncTestClient
from redis.asyncio import Redis

from todo_agent.app import create_app
from todochat.database.bootstrap import DatabaseUrls


@pytest_asyncio.fixture
async def gateway(empty_chat: DatabaseUrls, redis_url: str, redis: Redis) -> AsyncIterator[Gateway]:
    """The api on an empty database, with the default limits."""
    settings = api_settings(empty_chat, redis_url)
    async with AsyncTestClient(create_app(settings)) as client:
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

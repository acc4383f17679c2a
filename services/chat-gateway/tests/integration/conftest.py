"""Gateways in threads, and HTTP clients for them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from agent_kit import MakeSecret
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway


@pytest.fixture
def start_gateway(environ: dict[str, str]) -> Iterator[StartGateway]:
    """Start gateways; keyword arguments extend their environment."""
    gateways: list[Gateway] = []

    async def start(**overrides: str) -> Gateway:
        gateway = Gateway({**environ, **overrides})
        gateways.append(gateway)
        await gateway.start()
        return gateway

    yield start
    for gateway in gateways:
        gateway.stop()


@pytest_asyncio.fixture
async def gateway(start_gateway: StartGateway) -> Gateway:
    return await start_gateway()


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


@pytest.fixture
def browser_at(session: aiohttp.ClientSession, make_secret: MakeSecret) -> BrowserAt:
    """Create browsers for a gateway."""

    def make(gateway: Gateway, user_id: str = "usr_ann", **secret: Any) -> Browser:
        return Browser(session, gateway.url, user_id, make_secret(user_id, **secret))

    return make


@pytest.fixture
def ann(gateway: Gateway, browser_at: BrowserAt) -> Browser:
    return browser_at(gateway)


@pytest.fixture
def bob(gateway: Gateway, browser_at: BrowserAt) -> Browser:
    return browser_at(gateway, "usr_bob", sid="ses_bob")

"""Fixtures shared by the suites over whole stacks."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from stack_kit import SignUp, Stack
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.person import Person


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scripted_model() -> AsyncIterator[ScriptedModelServer]:
    async with ScriptedModelServer() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def sign_up() -> AsyncIterator[SignUp]:
    """Return a function that registers users: `ada = await sign_up(stack)`."""
    clients = []

    async def make(stack: Stack, **profile: str) -> Person:
        client = httpx.AsyncClient(base_url=stack.edge, timeout=30)
        clients.append(client)
        return await Person.sign_up(client, **profile)

    yield make
    for client in clients:
        await client.aclose()

"""One stack for all contract tests; each test has new users."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from contract.chat_kit import Chatter
from stack_kit import Stack, run_in_session_loop, run_stack
from todochat.testing.issuer import BETTER_AUTH_SECRET
from todochat.testing.model_server import ScriptedModelServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one event loop, shared with the stack's model server."""
    run_in_session_loop(items, HERE)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def model_server() -> AsyncIterator[ScriptedModelServer]:
    async with ScriptedModelServer() as server:
        yield server


@pytest.fixture(scope="package")
def contract_stack(model_server: ScriptedModelServer) -> Iterator[Stack]:
    """A stack with the agent of `contract/agent.py` and a scripted model."""
    variables = {
        "BETTER_AUTH_SECRET": BETTER_AUTH_SECRET,
        "OPENAI_BASE_URL": model_server.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
        "TODO_AGENT_TRANSCRIPTION_MODEL": "scripted",
        "TODO_AGENT_FACTORY": "contract.agent:create_assistant",
        # The folder of the tests' own modules, so that the worker finds its agent.
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
    }
    yield from run_stack("contract", variables)


@pytest.fixture
def model(
    contract_stack: Stack, model_server: ScriptedModelServer
) -> Iterator[ScriptedModelServer]:
    """The model; every scripted response must be requested."""
    yield model_server
    unused = model_server.unused_answers
    model_server.forget()
    assert unused == 0


@pytest_asyncio.fixture(loop_scope="session")
async def ada(contract_stack: Stack) -> AsyncIterator[Chatter]:
    """A new user."""
    async with httpx.AsyncClient(base_url=contract_stack.edge, timeout=30) as client:
        yield await Chatter.arrive(client)


@pytest_asyncio.fixture(loop_scope="session")
async def bob(contract_stack: Stack) -> AsyncIterator[Chatter]:
    """Another new user."""
    async with httpx.AsyncClient(base_url=contract_stack.edge, timeout=30) as client:
        yield await Chatter.arrive(client)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def eve(contract_stack: Stack) -> AsyncIterator[Chatter]:
    """A user without data who is only ever refused, so that tests may share her."""
    async with httpx.AsyncClient(base_url=contract_stack.edge, timeout=30) as client:
        yield await Chatter.arrive(client)

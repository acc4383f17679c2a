"""Whole stacks of real processes, started with the launcher like a user does."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from attack_kit import BACKEND_TOKEN_DIGEST
from stack_kit import Stack, run_in_session_loop, run_stack
from todochat.testing.issuer import BETTER_AUTH_SECRET, Issuer
from todochat.testing.model_server import ScriptedModelServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one event loop, which the stacks and the model servers share."""
    run_in_session_loop(items, HERE)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def issuer() -> AsyncIterator[Issuer]:
    """A foreign issuer of tokens that `stack` trusts."""
    issuer = Issuer()
    await issuer.server.start_server()
    yield issuer
    await issuer.server.close()


@pytest.fixture(scope="package")
def stack(issuer: Issuer) -> Iterator[Stack]:
    """Offline assistant, two gateways, two workers, a foreign issuer."""
    variables = {
        "BETTER_AUTH_SECRET": BETTER_AUTH_SECRET,
        "BETTER_AUTH_PREFIX": "better.",
        "AUTH_EXTERNAL_ISSUERS": json.dumps(
            [issuer.entry(prefix="ext|", backend_tokens=[BACKEND_TOKEN_DIGEST])]
        ),
        "AUTH_SIGN_UP": "open",
    }
    yield from run_stack("offline", variables, workers=2, gateways=2)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def model_servers() -> AsyncIterator[dict[str, ScriptedModelServer]]:
    async with ScriptedModelServer() as responses, ScriptedModelServer() as chat_completions:
        yield {"responses": responses, "chat_completions": chat_completions}


# Workers are tested with both wire APIs; a whole stack on the second one is the long form.
WIRES = ["responses", pytest.param("chat_completions", marks=pytest.mark.slow)]


@pytest.fixture(scope="package", params=WIRES)
def model_stack(
    request: pytest.FixtureRequest, model_servers: dict[str, ScriptedModelServer]
) -> Iterator[Stack]:
    """A stack whose model is a scripted server, for each of OpenAI's two APIs."""
    variables = {
        "OPENAI_BASE_URL": model_servers[request.param].url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": request.param,
    }
    for stack in run_stack(request.param, variables):
        stack.wire = request.param
        yield stack


@pytest.fixture
def model(
    model_stack: Stack, model_servers: dict[str, ScriptedModelServer]
) -> Iterator[ScriptedModelServer]:
    """The scripted server of `model_stack`; every scripted response must be requested."""
    server = model_servers[model_stack.wire]
    server.requests.clear()
    yield server
    assert server.unused_answers == 0

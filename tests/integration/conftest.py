"""Whole stacks of real processes, started with the launcher as a person would."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from todochat.testing import free_port
from todochat.testing.model_server import ScriptedModelServer
from todochat.testing.person import Person

HERE = Path(__file__).parent
UP_TIMEOUT_S = 90
TODOCHAT = str(Path(sys.executable).with_name("todochat"))


def pytest_collection_modifyitems(items):
    """Run these tests in one event loop, which the stacks and the model servers share."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Stack:
    """A running installation."""

    def __init__(self, data_dir: Path, variables: dict[str, str]):
        self.data_dir = data_dir
        self.variables = variables
        self.state: dict[str, Any] = {}
        self.wire = ""

    def up(self, *, workers=1, gateways=1):
        command = [
            TODOCHAT, "up", "--detach", "--data-dir", str(self.data_dir), "--port",
            str(free_port()), "--workers", str(workers), "--gateways", str(gateways),
        ]  # fmt: skip
        done = subprocess.run(
            command,
            check=False,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=UP_TIMEOUT_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.state = json.loads((self.data_dir / "state.json").read_text())

    def down(self):
        command = [TODOCHAT, "down", "--data-dir", str(self.data_dir)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=60)

    @property
    def environment(self):
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**inherited, **self.variables}

    @property
    def edge(self) -> str:
        return self.state["edge"]

    def urls(self, service) -> list[str]:
        return self.state["services"][service]["urls"]

    def secrets(self):
        return msgspec.json.decode((self.data_dir / "secrets.json").read_bytes())


def run_stack(name, variables, **size) -> Iterator[Stack]:
    directory = Path(tempfile.mkdtemp(prefix=f"todochat-{name}-"))
    directory.chmod(0o755)  # pytest's own are closed to the user that PostgreSQL runs as
    stack = Stack(directory / "data", variables)
    try:
        stack.up(**size)
        yield stack
        stack.down()
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def stack():
    """Offline assistant, two gateways, two workers."""
    yield from run_stack("offline", {}, workers=2, gateways=2)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def model_servers() -> AsyncIterator[dict[str, ScriptedModelServer]]:
    async with ScriptedModelServer() as responses, ScriptedModelServer() as chat_completions:
        yield {"responses": responses, "chat_completions": chat_completions}


@pytest.fixture(scope="session", params=["responses", "chat_completions"])
def model_stack(request, model_servers):
    """A stack whose model is a scripted server, once over each of OpenAI's two APIs."""
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
def model(model_stack, model_servers):
    """The scripted server of `model_stack`; everything it was told must be asked for."""
    server = model_servers[model_stack.wire]
    server.requests.clear()
    yield server
    assert server.unused_answers == 0


@pytest_asyncio.fixture(loop_scope="session")
async def sign_up():
    """Make people with accounts: `ada = await sign_up(stack)`."""
    clients = []

    async def make(stack, **profile) -> Person:
        client = httpx.AsyncClient(base_url=stack.edge, timeout=30)
        clients.append(client)
        return await Person.sign_up(client, **profile)

    yield make
    for client in clients:
        await client.aclose()

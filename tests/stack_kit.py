"""Whole stacks of real processes, started with the launcher like a user does."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from migrated_data import copy_migrated_data
from todochat.testing import free_port
from todochat.testing.person import Person

# Generous, since a machine that runs several suites at once needs a multiple of the usual 5 s.
UP_TIMEOUT_S = 90
DOWN_TIMEOUT_S = 60
EXAMPLES = Path(__file__).parents[1] / "examples"
TODOCHAT = str(Path(sys.executable).with_name("todochat"))


class Stack:
    """A running installation.

    Attributes:
        cwd: its working directory; None for the tests' own.
        startup_output: the launcher's output at its start.
        wire: the OpenAI API of its model, "" for the offline assistant.
        program: the command that starts and stops it; possibly another release's.
    """

    def __init__(
        self, data_dir: Path, variables: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        self.data_dir = data_dir
        self.variables = variables
        self.cwd = cwd
        self.state: dict[str, Any] = {}
        self.startup_output = ""
        self.wire = ""
        self.program = [TODOCHAT]

    def up(
        self,
        *,
        port: int | None = None,
        workers: int = 1,
        gateways: int = 1,
        timeout_s: float = UP_TIMEOUT_S,
    ) -> None:
        command = [
            *self.program, "up", "--detach", "--data-dir", str(self.data_dir), "--port",
            str(port or free_port()), "--workers", str(workers), "--gateways", str(gateways),
        ]  # fmt: skip
        done = subprocess.run(
            command,
            check=False,
            env=self.environment,
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        self.startup_output = done.stdout + done.stderr
        assert done.returncode == 0, self.startup_output
        self.state = json.loads((self.data_dir / "state.json").read_text())

    def down(self) -> None:
        command = [*self.program, "down", "--data-dir", str(self.data_dir)]
        subprocess.run(
            command, env=self.environment, check=True, capture_output=True, timeout=DOWN_TIMEOUT_S
        )

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        # A test of pages sets it to "": the site is then built if necessary.
        return {**inherited, "TODOCHAT_SITE": "plain", **self.variables}

    @property
    def edge(self) -> str:
        edge: str = self.state["edge"]
        return edge

    def urls(self, service: str) -> list[str]:
        urls: list[str] = self.state["services"][service]["urls"]
        return urls

    def secrets(self) -> dict[str, Any]:
        secrets: dict[str, Any] = json.loads((self.data_dir / "secrets.json").read_bytes())
        return secrets


def example_variables(name: str, factory: str, model_url: str) -> dict[str, str]:
    """Return the variables that run an example of `examples/` with a scripted model."""
    return {
        "PYTHONPATH": str(EXAMPLES / name),
        "TODO_AGENT_FACTORY": factory,
        "OPENAI_BASE_URL": model_url,
        "TODO_AGENT_MODEL": "scripted",
    }


def run_in_session_loop(items: Sequence[pytest.Item], folder: Path) -> None:
    """Run a folder's async tests in the event loop of the session's fixtures."""
    for item in items:
        if item.path.is_relative_to(folder) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


SignUp = Callable[..., Awaitable[Person]]


def run_stack(
    name: str, variables: Mapping[str, str], *, files: Sequence[Path] = (), **size: int
) -> Iterator[Stack]:
    """Start a stack on migrated databases, yield it, and remove all of it at the end.

    Args:
        files: copied into its working directory.
        size: `workers`, `gateways`, `timeout_s` and the edge's `port` of its start.
    """
    directory = Path(tempfile.mkdtemp(prefix=f"todochat-{name}-"))
    directory.chmod(0o755)  # pytest's own are closed to PostgreSQL's user
    for file in files:
        shutil.copy(file, directory)
    stack = Stack(directory / "data", variables, directory if files else None)
    try:
        copy_migrated_data(stack.data_dir)
        # A failed or slow start may have left servers that still write, too.
        try:
            stack.up(**size)
            yield stack
        finally:
            stack.down()
    finally:
        shutil.rmtree(directory)

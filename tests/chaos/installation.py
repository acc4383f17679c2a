"""An installation for chaos: two workers, two gateways, the chaos model."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from chaos.agents import Entry
from chaos.model import ChaosModel
from chaos.schedule import EVERYTHING
from chaos.stack import Processes
from stack_kit import TODOCHAT
from todochat.testing import free_port

COMMAND_TIMEOUT_S: Final = 180


class InstallationError(Exception):
    """The launcher failed; has its output."""


@asynccontextmanager
async def open_installation(
    model: ChaosModel, keep_logs: Path | None, entry: Entry = "todo"
) -> AsyncIterator[Processes]:
    """Start a stack, stop it at the end, and remove all of it.

    Args:
        entry: the agent or server that it runs.
        keep_logs: the folder that its logs are copied to at the end.
    """
    with tempfile.TemporaryDirectory(prefix="todochat-chaos-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 - PostgreSQL may run as another user
        data_dir = Path(folder) / "data"
        common = ["--data-dir", str(data_dir)]
        size = ["--workers", "2", "--gateways", "2"]
        try:
            up = ["up", "--detach", "--port", str(free_port()), *size, *common]
            await _todochat(up, model, entry)
            processes = Processes(data_dir)
            try:
                yield processes
            finally:
                for name in EVERYTHING:  # a frozen process can't be stopped
                    processes.signal(name, signal.SIGCONT)
                await _todochat(["down", *common], model, entry)
        finally:
            if keep_logs is not None:
                shutil.copytree(data_dir / "logs", keep_logs, dirs_exist_ok=True)


async def _todochat(arguments: Sequence[str], model: ChaosModel, entry: Entry) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "TODOCHAT_SITE": "plain",
        "TODOCHAT_MAX_RESTART_DELAY_S": "0.5",  # the harness kills, so nothing is wrong with them
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
        "TODO_AGENT_API": "responses",
        "TODO_AGENT_FACTORY": f"chaos.agents:{entry}",
        # The folder of the tests' own modules, so that the workers find the entry point.
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [TODOCHAT, *arguments],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise InstallationError(done.stdout + done.stderr)

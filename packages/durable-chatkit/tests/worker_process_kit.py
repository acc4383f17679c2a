"""The worker in a separate process."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from todo_agent.settings import TodoAgentSettings
from todochat.testing import free_port


class WorkerProcess:
    """Runs `python -m todo_agent worker` with its logs in a file."""

    def __init__(self, environment: dict[str, str], log_path: Path) -> None:
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "DRAIN_DELAY_S": "0",
            "TODO_AGENT_WORKER_PORT": str(self.port),
            **environment,
        }
        self.log_path = log_path
        self.process: Any = None

    async def start(self) -> None:
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "todo_agent",
                "worker",
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    @property
    def logs(self) -> list[str]:
        return self.log_path.read_text().splitlines()

    @property
    def events(self) -> set[str]:
        return {json.loads(line)["event"] for line in self.logs}

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{self.port}{path}"
            async with session.get(url) as response:
                return response.status, await response.text()

    async def answers(self, path: str, status: int) -> bool:
        assert self.process.returncode is None, self.logs
        try:
            return (await self.get(path))[0] == status
        except aiohttp.ClientError:
            return False

    async def is_ready(self) -> bool:
        return await self.answers("/health/ready", 200)

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            return int(await self.process.wait())


def environment_of(settings: TodoAgentSettings) -> dict[str, str]:
    return {
        "REDIS_URL": settings.redis_url,
        "CHAT_DATABASE_URL": settings.database_url,
        "CHAT_JOBS_DATABASE_URL": settings.jobs_database_url,
        "TODOCHAT_SERVICE_SECRET": settings.todochat_service_secret,
        "TASKS_URL": settings.tasks_url,
        "OPENAI_BASE_URL": settings.openai_base_url,
        "TODO_AGENT_MODEL": "scripted",
    }

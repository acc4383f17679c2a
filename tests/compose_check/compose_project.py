"""A Compose project on the engine under check."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from compose_check.engine_kit import CommandError, Engine, run
from todochat.testing import wait_until

PROJECT_LABEL: Final = "com.docker.compose.project"
SERVICE_LABEL: Final = "com.docker.compose.service"
HEALTHY_TIMEOUT_S: Final = 240.0
POLL_S: Final = 0.5
# Below the ports that systems give to outgoing connections and to listeners on port 0.
PORTS: Final = range(20_000, 32_000)


class Project:
    """Containers that Compose starts from some files.

    Args:
        folder: where Compose runs.
        files: its files, the later ones override the earlier ones.

    Attributes:
        variables: for the commands of Compose.
    """

    def __init__(self, engine: Engine, folder: Path, project: str, *files: str) -> None:
        self.engine = engine
        self.project = project
        self.variables = {"COMPOSE_PROJECT_NAME": project}
        self._checkout = folder
        self._files = list(files)

    async def compose(self, *arguments: str, given: str | None = None) -> str:
        """Run a command of Compose as the documentation does."""
        files = [part for name in self._files for part in ("-f", name)]
        return await asyncio.to_thread(
            run,
            [*self.engine.compose, *files, *arguments],
            given=given,
            folder=self._checkout,
            environment={**os.environ, **self.variables},
            timeout_s=HEALTHY_TIMEOUT_S,
        )

    async def up(self, *arguments: str) -> float:
        """Run `up -d`, wait until all is healthy, and return the seconds."""
        began = time.monotonic()
        try:
            await self.compose("up", "-d", *arguments)
        except CommandError as error:
            msg = f"{error}\n{await self.state()}"
            raise AssertionError(msg) from error
        await self.wait_healthy()
        return time.monotonic() - began

    async def roll(self, *services: str) -> list[str]:
        """Replace the services' containers one service after the other; return the durations."""
        durations = []
        for service in services:
            began = time.monotonic()
            # Not `up`: others may be unhealthy until their turn, when a store's password changes.
            await self.compose("up", "-d", "--no-deps", "--force-recreate", "--wait", service)
            durations.append(f"{service} {time.monotonic() - began:.1f} s")
        await self.wait_healthy()
        return durations

    async def wait_healthy(self) -> None:
        """Wait until every container is healthy, or has succeeded as a one-shot.

        Raises:
            AssertionError: one is not; has its log.
        """
        try:
            await wait_until(
                lambda: asyncio.to_thread(self._is_healthy), HEALTHY_TIMEOUT_S, interval_s=POLL_S
            )
        except AssertionError as error:
            raise AssertionError(await self.state()) from error

    async def state(self) -> str:
        """Return the state and the log of the services that aren't healthy."""
        bad = {
            each["Config"]["Labels"][SERVICE_LABEL]: each["State"]
            for each in self.containers()
            if not is_good(each)
        }
        logs = await self.compose("logs", "--tail", "30", *bad) if bad else ""
        return f"{bad}\n{logs}"

    def containers(self, service: str | None = None) -> list[dict[str, Any]]:
        """Return the engine's description of the project's containers, or of one service's."""
        labels = [f"label={PROJECT_LABEL}={self.project}"]
        labels += [f"label={SERVICE_LABEL}={service}"] if service else []
        filters = [part for label in labels for part in ("--filter", label)]
        try:
            return self.engine.inspect(*self.engine("ps", "-aq", *filters).split())
        except CommandError:  # one was replaced in between
            return []

    def leftovers(self) -> list[str]:
        """Return the project's containers, networks and volumes."""
        label = f"label={PROJECT_LABEL}={self.project}"
        return [
            f"{kind} {name}"
            for kind, command in (("container", "ps -aq"), ("network", "network ls -q"),
                                  ("volume", "volume ls -q"))
            for name in self.engine(*command.split(), "--filter", label).split()
        ]  # fmt: skip

    async def execute(self, service: str, *command: str) -> str:
        """Run a command in a service's container."""
        return await self.compose("exec", "-T", service, *command)

    def kill(self, container: Mapping[str, Any]) -> None:
        """Kill the first process of a container, like a crash: the engine has to restart it."""
        pid = container["State"]["Pid"]
        self.engine(
            "run", "--rm", "--pid", "host", "--user", "0:0", "--entrypoint", "python",
            "todochat/tasks:0.1.0", "-c", f"import os; os.kill({pid}, 9)",
        )  # fmt: skip

    def _is_healthy(self) -> bool:
        containers = self.containers()
        return bool(containers) and all(map(is_good, containers))


def unused_port() -> int:
    """Return an unused TCP port of 127.0.0.1 that no other program gets unless it asks for it.

    A container publishes it up to a minute later.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_good(container: Mapping[str, Any]) -> bool:
    state = container["State"]
    if health := (state.get("Health") or {}).get("Status"):
        return bool(health == "healthy")
    policy = container["HostConfig"]["RestartPolicy"]["Name"]
    if policy == "on-failure":
        return bool(state["Status"] == "exited" and state["ExitCode"] == 0)
    return bool(state["Status"] == "running")

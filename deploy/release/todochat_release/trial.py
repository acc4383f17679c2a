"""try.yaml with the names of the release, started from the saved images."""

import asyncio
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx

from todochat.testing import free_port
from todochat.testing.person import Person
from todochat_release.publication import Engine, Publication
from todochat_release.tools import ROOT, ReleaseError, Tools

SOURCE: Final = ROOT / "deploy/compose/try.yaml"
START_TIMEOUT_S: Final = 600
REQUEST_TIMEOUT_S: Final = 60


class TryFile:
    """The file for those who try todochat with Compose.

    Args:
        override: a file of Compose, for example with other images of the stores; empty: none.
    """

    name: Final = "try"

    def __init__(self, published: Publication, engine: Engine, override: str) -> None:
        self._published = published
        self._engine = engine
        self._override = override

    def build(self, _tools: Tools, folder: Path) -> list[Path]:
        """Write the file with the registry and the version of this release as defaults."""
        self._published.digests(folder.parent)
        text = SOURCE.read_text(encoding="utf-8")
        text = text.replace(
            "${TODOCHAT_REGISTRY:-}", f"${{TODOCHAT_REGISTRY:-{self._published.registry}}}"
        )
        start, *uses = text.split("${TODOCHAT_VERSION:-")
        version = self._published.version
        parts = [f"${{TODOCHAT_VERSION:-{version}}}{each.partition('}')[2]}" for each in uses]
        (folder / SOURCE.name).write_text("".join([start, *parts]), encoding="utf-8")
        return [folder / SOURCE.name]

    def check(self, tools: Tools, files: Sequence[Path], scratch: Path) -> None:
        """Load the images, start the file in an empty folder, and chat.

        Raises:
            ReleaseError: it doesn't start or respond.
        """
        (file,) = files
        archive = self._published.archive(file.parents[1])
        self._engine.run(tools, "load", "--input", str(archive))
        names = [shutil.copy(file, scratch)]
        if self._override:
            names.append(shutil.copy(self._override, scratch / "override.yaml"))
        port = free_port()
        variables = {"TODOCHAT_PORT": str(port), "COMPOSE_PROJECT_NAME": "todochat-release-check"}
        here = replace(tools, environ={**tools.environ, **variables})
        compose = [*self._engine.compose, *(part for name in names for part in ("-f", str(name)))]
        try:
            here.run([*compose, "up", "-d"], cwd=scratch)
            asyncio.run(use(f"http://localhost:{port}"))
        except (ReleaseError, AssertionError, httpx.HTTPError) as error:
            logs = here.run([*compose, "logs", "--tail", "20"], cwd=scratch)
            msg = f"try.yaml: {error}\n{logs}"
            raise ReleaseError(msg) from error
        finally:
            here.run([*compose, "down", "--volumes"], cwd=scratch)


async def use(address: str) -> None:
    """Wait for the site, sign up, and let the offline assistant add a task.

    Raises:
        AssertionError: the site doesn't respond in time, or the answer is wrong.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    async with httpx.AsyncClient(base_url=address, timeout=REQUEST_TIMEOUT_S) as client:
        while not await is_up(client):
            if time.monotonic() > deadline:
                msg = f"{address} does not respond after {START_TIMEOUT_S} s"
                raise AssertionError(msg)
            await asyncio.sleep(1)
        ada = await Person.sign_up(client)
        answer = await ada.ask("add buy milk")
        titles = [task["title"] for task in await ada.tasks()]
        if answer.ended != "completed" or titles != ["buy milk"]:
            msg = f"the run ended {answer.ended}, the tasks are {titles}"
            raise AssertionError(msg)


async def is_up(client: httpx.AsyncClient) -> bool:
    """Return whether the edge answers; it starts once all services are healthy."""
    try:
        return (await client.get("/")).is_success
    except httpx.HTTPError:
        return False

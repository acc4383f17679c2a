"""`--reload`: detects changes and restarts without backoff."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from todochat_local import source_watch
from todochat_local.source_watch import watch_sources


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "watched_package"
    (folder / "deep").mkdir(parents=True)
    for name in ("__init__.py", "deep/module.py"):
        (folder / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(source_watch, "POLL_S", 0.01)
    return folder


@pytest_asyncio.fixture
async def changes(package: Path) -> AsyncIterator["asyncio.Queue[str]"]:
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def watch() -> None:
        async with aclosing(watch_sources([package.name])) as stream:
            async for name in stream:
                seen.put_nowait(name)

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)  # the first poll is done: later writes are changes
    yield seen
    task.cancel()


async def test_changed_file_is_reported(package: Path, changes: "asyncio.Queue[str]") -> None:
    (package / "deep" / "module.py").write_text("changed = True")

    assert await asyncio.wait_for(changes.get(), 5) == "watched_package"


async def test_deleted_file_is_reported(package: Path, changes: "asyncio.Queue[str]") -> None:
    (package / "deep" / "module.py").unlink()

    assert await asyncio.wait_for(changes.get(), 5) == "watched_package"


async def test_changed_agent_in_the_current_folder_is_reported_and_other_modules_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source_watch, "POLL_S", 0.01)
    own, neighbour = tmp_path / "own_agent.py", tmp_path / "neighbour.py"
    own.write_text("x = 1")
    neighbour.write_text("x = 1")
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def watch() -> None:
        async with aclosing(watch_sources(["own_agent"])) as stream:
            async for name in stream:
                seen.put_nowait(name)

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)  # the first poll is done: later writes are changes
    neighbour.write_text("x = 22")
    own.write_text("x = 22")

    assert await asyncio.wait_for(seen.get(), 5) == "own_agent"
    assert seen.empty()
    task.cancel()


async def test_changed_data_file_is_not_reported(
    package: Path, changes: "asyncio.Queue[str]"
) -> None:
    (package / "notes.txt").write_text("no code")
    (package / "deep" / "module.py").write_text("changed = True")

    await asyncio.wait_for(changes.get(), 5)

    assert changes.empty()

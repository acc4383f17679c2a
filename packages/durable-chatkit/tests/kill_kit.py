"""Kills a worker with SIGKILL at a fault point, lets another one finish, and checks the result."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kill_script
import msgspec
from chatkit.types import ThreadMetadata
from worker_kit import Chat

from durable_chatkit.agent.run_scope import step_kind
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.fold import OpenItems
from todochat.clock import utc_now
from todochat.contracts.runs import AcceptedRun
from todochat.testing.model_server import ScriptedModelServer

TESTS = Path(__file__).parent
# An item that such a server yields itself comes again after those of finished steps.
HOSTED = frozenset({"hosted", "clicked"})


class Zygote:
    """The process that forks workers; see `kill_zygote`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = 0

    async def _ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(60):
            return int(await self._process.stdout.readline())

    async def fork(self, **order: Any) -> int:
        """Start a worker; return its pid."""
        self.pid = await self._ask(order)
        return self.pid

    async def wait(self, pid: int) -> int:
        """Return the number of the signal that ended a worker."""
        signal_number = await self._ask({"wait": pid})
        self.pid = 0
        return signal_number

    async def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        await self.wait(pid)


@asynccontextmanager
async def open_zygote() -> AsyncIterator[Zygote]:
    """Start the process that forks workers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TESTS / "kill_zygote.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    zygote = Zygote(process)
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield zygote
    finally:
        for pid in filter(None, (zygote.pid, process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await process.wait()


@dataclass
class Observed:
    """Traces of a run.

    Args:
        effects: keyed effects.
        requests: of tools to whatever they change, with repetitions.
        texts: the assistant's messages.
        items: the number of stored items by type.
        notices: published to viewers.
    """

    status: str
    effects: list[str]
    requests: Counter[str]
    texts: list[str]
    items: Counter[str]
    notices: list[str]
    answers: int


class Killing:
    """One shape, killed at one point at a time.

    Attributes:
        kills: workers that were killed.
        violations: what was wrong, by point.
    """

    def __init__(
        self, chat: Chat, model: ScriptedModelServer, zygote: Zygote, shape: str, folder: Path
    ) -> None:
        self._chat, self._model, self._zygote, self._shape = chat, model, zygote, shape
        self._folder = folder
        self.kills = 0
        self.violations: list[str] = []
        model.otherwise = kill_script.respond

    async def run_clean(self) -> tuple[Observed, list[tuple[str, int]]]:
        """Run without a kill; return what is left and the points that the worker passed."""
        folder = self._new_folder("clean")
        run = await self._begin()
        pid = await self._start(folder)
        await self._finish(run, pid)
        points = [line.split() for line in (folder / "trace").read_text().splitlines()]
        observed = await self._observe(run, folder)
        assert "An error occurred" not in str(observed.texts), observed
        return observed, [(name, int(nth)) for name, nth in points]

    async def _begin(self) -> AcceptedRun:
        if self._shape != "clicked":
            return await self._chat.say("go")
        store, context = self._chat.store, self._chat.context
        thread = ThreadMetadata(id=store.generate_thread_id(context), created_at=utc_now())
        await store.save_thread(thread, context)
        action = {"type": "click", "payload": {}}
        params = {"thread_id": thread.id, "item_id": None, "action": action}
        return await self._chat.request({"type": "threads.custom_action", "params": params})

    async def kill_at(self, name: str, nth: int, clean: Observed) -> bool:
        """Kill a worker at the nth passage of a point; return False if it wasn't reached."""
        folder = self._new_folder(f"{name}-{nth}")
        run = await self._begin()
        pid = await self._start(folder, fault=name, nth=nth)
        is_killed = await self._wait_killed(pid, run)
        if not is_killed:
            return False
        self.kills += 1
        await self._model.wait_disconnected()  # it may read the last request only now
        saved = await RunRepository(self._chat.jobs).load_steps(run.run_id)
        requests, asked = _requests(folder), len(self._model.requests)
        await self._chat.expire_lease(run)
        await self._finish(run, await self._start(folder))
        observed = await self._observe(run, folder)
        answers = sum(step_kind(key) == "answer" for key in saved)
        paid = Counter(
            output.removeprefix("paid ")
            for payload in saved.values()
            if (output := _output(payload)).startswith("paid ")
        )
        self._check(f"{self._shape} {name} {nth}", clean, observed)
        if "tripped" not in self._shape:
            new_calls = len(self._model.requests) - asked
            if new_calls != observed.answers - answers:
                self._violate(f"{name} {nth}: {new_calls} model calls, {answers} answers saved")
            repeated = [each for each in paid if (_requests(folder) - requests)[each]]
            if repeated:
                self._violate(f"{name} {nth}: finished calls repeated: {repeated}")
        if any("replay.mismatch" in line for line in (folder / "log").read_text().splitlines()):
            self._violate(f"{name} {nth}: mismatch")
        await self._check_views(f"{name} {nth}", run)
        return True

    def _check(self, point: str, clean: Observed, observed: Observed) -> None:
        if "tripped" in self._shape:  # the tripwire races the tools, without a kill, too
            if observed.status != clean.status:
                self._violate(f"{point}: {observed.status}")
            if len(set(observed.effects)) != len(observed.effects):
                self._violate(f"{point}: effects {observed.effects}")
            return
        for field in ("status", "effects", "texts", "items", "notices", "answers"):
            expected, found = getattr(clean, field), getattr(observed, field)
            if field == "texts" and self._shape in HOSTED:
                expected, found = sorted(expected), sorted(found)
            if expected != found:
                self._violate(f"{point}: {field} is {found}, not {expected}")

    async def _check_views(self, point: str, run: AcceptedRun) -> None:
        """The stored items are those that a viewer has at the end of the one open stream."""
        events = await self._chat.events(run)
        shown, opened = fold_items(events), OpenItems()
        stored = {each.id: each for each in await self._chat.items(run)}
        for item_id in stored.keys() | shown.keys():
            if stored.get(item_id) != shown.get(item_id) and not is_hidden(stored, item_id):
                found = stored.get(item_id), shown.get(item_id)
                self._violate(f"{point}: stored {found[0]}, shown {found[1]}")
        ended = [event.item.id for event in events if event.type == "thread.item.done"]
        if len(ended) != len(set(ended)):
            self._violate(f"{point}: an item ended twice")
        for event in events:
            opened.apply(event)
        if opened.items:
            self._violate(f"{point}: left open {sorted(opened.items)}")
        frames = await self._chat.frames(run)
        if [frame.seq for frame in frames] != list(range(1, len(frames) + 1)):
            self._violate(f"{point}: gaps in the log")

    def _violate(self, text: str) -> None:
        print(f"{self._shape} {text}", flush=True)  # noqa: T201 - which the report omits
        self.violations.append(text)

    def _new_folder(self, name: str) -> Path:
        folder = self._folder / self._shape / name
        folder.mkdir(parents=True)
        return folder

    async def _start(self, folder: Path, **fault: Any) -> int:
        settings = {**msgspec.structs.asdict(self._chat.settings)}
        settings["factory"] = f"kill_shapes:{self._shape}"
        (folder / "effects").mkdir(exist_ok=True)
        return await self._zygote.fork(
            settings=json.loads(msgspec.json.encode(settings)),
            trace=str(folder / "trace"),
            log=str(folder / "log"),
            effects=str(folder / "effects"),
            **fault,
        )

    async def _wait_killed(self, pid: int, run: AcceptedRun) -> bool:
        waiting = asyncio.create_task(self._zygote.wait(pid))
        ending = asyncio.create_task(self._chat.wait_for_end(run, 30))
        await asyncio.wait([waiting, ending], return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            ending.cancel()
            return waiting.result() == 9
        os.kill(pid, signal.SIGKILL)
        await waiting
        return False

    async def _finish(self, run: AcceptedRun, pid: int) -> None:
        await self._chat.wait_for_end(run, 30)
        await self._zygote.kill(pid)

    async def _observe(self, run: AcceptedRun, folder: Path) -> Observed:
        steps = await RunRepository(self._chat.jobs).load_steps(run.run_id)
        effects = [
            path.read_text() for path in (folder / "effects").iterdir() if path.name != "requests"
        ]
        items = await self._chat.items(run)
        return Observed(
            status=await self._chat.wait_for_end(run),
            effects=sorted(effects),
            requests=_requests(folder),
            texts=await self._chat.texts(run),
            items=Counter(item.type for item in items),
            notices=[
                event.message for event in await self._chat.events(run) if event.type == "notice"
            ],
            answers=sum(step_kind(key) == "answer" for key in steps),
        )


def fold_items(events: list[Any]) -> dict[str, Any]:
    """Return the finished items that a viewer of these events has."""
    shown: dict[str, Any] = {}
    for event in events:
        match event.type:
            case "thread.item.done" | "thread.item.replaced":
                shown[event.item.id] = event.item
            case "thread.item.removed":
                shown.pop(event.item_id, None)
    return shown


def is_hidden(stored: dict[str, Any], item_id: str) -> bool:
    item = stored.get(item_id)
    return item is not None and item.type in {"hidden_context_item", "sdk_hidden_context"}


def _requests(folder: Path) -> Counter[str]:
    path = folder / "effects" / "requests"
    return Counter(path.read_text().splitlines() if path.exists() else ())


def _output(payload: bytes) -> str:
    decoded = msgspec.json.decode(payload)
    return str(decoded.get("output", "")) if isinstance(decoded, dict) else ""

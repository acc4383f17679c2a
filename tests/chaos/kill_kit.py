"""A whole stack in which one process is killed or frozen at a named point, and the invariants.

The launcher starts everything; its worker is frozen at once and replaced by workers of the
harness, which restart without the launcher's growing pauses. A folder of orders arms the
fault points (`todochat.faults`), so that one stack serves all of them.
"""

import asyncio
import json
import re
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import asyncpg
import httpx
import psutil
from redis.asyncio import Redis

from stack_kit import Stack, run_stack
from todo_agent.undo_cards import UNDO_CARD
from todochat.bus.frames import Frame, parse_frames
from todochat.bus.redis_client import create_server_client
from todochat.testing import free_port, wait_until
from todochat.testing.model_server import (
    Call,
    ModelRequest,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
)
from todochat.testing.person import Person, Stream, message

WORKER: Final = "todo-agent-worker"
WAIT_S: Final = 120.0  # for a step that takes a second or ten on an idle machine
MAX_WORKERS: Final = 200  # started by one stack: more means that they exit unexpectedly
TITLES: Final = ("milk", "eggs")
FINAL_TEXT: Final = "Both are on your list."
EXPECTED_TEXT: Final = f"On it.\n{FINAL_TEXT}"
# Processes stay frozen for a whole test; nothing may end or restart them for being frozen.
PATIENT: Final = {"LOOP_STALL_EXIT_S": "0"}
RETRIED: Final = {409, 429, 502, 503, 504}  # asked to reconnect, or the edge found no upstream
STEPS: Final = {
    "input", "answer/0000", "tool/0000/0", "tool/0000/1", "answer/0001", "tool/0001/0",
    "answer/0002",
    # Each added task requests the turn's end, which shows Undo.
    "tool/0000/0/at-end", "tool/0000/1/at-end", "tool/9999/0",
}  # fmt: skip


def plan(request: ModelRequest) -> ScriptedResponse:
    """Respond by the turn's progress: two tasks, then a look at the list, then text."""
    outputs = sum(item.get("type") == "function_call_output" for item in request.history)
    if outputs == 0:
        calls = (Call("add_task", {"title": title}) for title in TITLES)
        return ScriptedResponse(parts=(Say("On it."), *calls))
    if outputs == len(TITLES):
        return ScriptedResponse(parts=(Call("find_tasks"),))
    return ScriptedResponse(parts=(Say(FINAL_TEXT),))


def answer_number(request: ModelRequest) -> int:
    """Return the index of the response in `plan` for a request."""
    outputs = sum(item.get("type") == "function_call_output" for item in request.history)
    return {0: 0, len(TITLES): 1}.get(outputs, 2)


class Orders:
    """The folder that arms fault points."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o777)

    def arm(self, point: str, nth: int = 1, action: str = "kill") -> None:
        """Arm a point for the next process that reaches it."""
        (self.folder / f"{point}.hit").unlink(missing_ok=True)  # of an earlier order
        new = self.folder / "new"
        new.write_text(f"{action} {nth}")
        new.rename(self.folder / point)

    def taken_by(self, point: str) -> int | None:
        """Return the pid of the process that hit the point; None before that."""
        hit = self.folder / f"{point}.hit"
        return int(text) if hit.exists() and (text := hit.read_text()) else None

    def clear(self) -> None:
        """Disarm everything."""
        for path in self.folder.iterdir():
            path.unlink()


class WorkerProcess:
    """A worker of the harness."""

    def __init__(self, environment: Mapping[str, str], command: list[str], log: Path) -> None:
        self.port = free_port()
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env={**environment, "TODO_AGENT_WORKER_PORT": str(self.port)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def is_frozen(self) -> bool:
        return self.is_alive and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    async def is_ready(self) -> bool:
        async with httpx.AsyncClient(verify=False) as client:  # no TLS: saves 30 ms of CPU
            with suppress(httpx.TransportError):
                url = f"http://127.0.0.1:{self.port}/health/ready"
                return (await client.get(url)).status_code == 200
        return False

    async def metric(self, start: str) -> float:
        """Return the sum of the samples whose lines start with the prefix."""
        async with httpx.AsyncClient(verify=False) as client:  # no TLS: saves 30 ms of CPU
            text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        family = re.split(r"[{ ]", start)[0]
        assert f"# TYPE {family} " in text, f"there is no metric {family}"
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(start))

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{")
        return [line for line in lines if line.get("event") == event]

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def has_ended(self) -> None:
        """Return when the process has ended."""
        await asyncio.to_thread(self._process.wait, WAIT_S)

    async def end(self) -> None:
        if self.is_alive:
            self._process.kill()
        await self.has_ended()


@dataclass
class Turn:
    """One client's observations on one connection."""

    run_id: str
    thread_id: str
    raw: bytes
    ended: str | None
    frames: list[Frame] = field(init=False)
    events: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        # Pings have no number and are not the run's.
        numbered = [part for part in self.raw.split(b"\n\n") if part.startswith(b"id: ")]
        self.frames = parse_frames(b"".join(part + b"\n\n" for part in numbered))
        self.events = [json.loads(frame.data) for frame in self.frames if frame.data is not None]

    @classmethod
    def of(cls, stream: Stream) -> Self:
        headers = stream.response.headers
        return cls(headers["x-run-id"], headers["x-thread-id"], stream.raw, stream.ended)

    @property
    def event_seqs(self) -> list[int]:
        """The numbers of `events`."""
        return [frame.seq for frame in self.frames if frame.data is not None]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The items on the client's screen at the end, in the order of arrival."""
        return list(fold(self.events).values())

    @property
    def text(self) -> str:
        return "\n".join(text_of(item) for item in self.shown if is_message(item))

    def nth(self, kind: str, count: int = 1) -> int:
        """Return the number of the `count`-th frame of a kind; `update.type` counts too."""
        found = [
            frame.seq
            for frame in self.frames
            if frame.data is not None and kind in kinds_of(json.loads(frame.data))
        ]
        return found[count - 1]


class ResumingClient:
    """A client that gets its whole response: it resends under one key, and reattaches.

    Args:
        key: of its one message; generated by default.

    Attributes:
        breaks: how often its stream broke off.
    """

    def __init__(self, person: Person, key: str | None = None) -> None:
        self.breaks = 0
        self._person = person
        self._key = key or token_hex(8)
        self._run: tuple[str, str] | None = None
        self._raw = b""
        self._ended: str | None = None

    async def turn(self, text: str, thread_id: str | None = None) -> Turn:
        """Send a message and read its stream to the end marker, resuming as needed."""
        body = message(text, thread_id)
        async with asyncio.timeout(4 * WAIT_S):
            while self._ended is None:
                with suppress(httpx.TransportError):
                    await self._read_on(body)
                if self._ended is None:
                    self.breaks += 1
                    await asyncio.sleep(0.2)
        assert self._run is not None
        return Turn(*self._run, self._raw, self._ended)

    async def _read_on(self, body: Mapping[str, Any]) -> None:
        async with self._open(body) as stream:
            if stream.response.status_code != 200:
                refused = stream.response.status_code
                assert refused in RETRIED, f"{refused}: {stream.response.text}"
                return
            if self._run is None:
                headers = stream.response.headers
                self._run = (headers["x-run-id"], headers["x-thread-id"])
            try:
                await stream.rest()
            finally:
                # A frame that was cut in the middle is sent again.
                self._raw += stream.raw[: stream.raw.rfind(b"\n\n") + 2]
                self._ended = stream.ended

    def _open(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[Stream]:
        if self._run is None:
            return self._person.stream(body, headers={"Idempotency-Key": self._key})
        numbers = re.findall(rb"^id: (\d+)$", self._raw, re.MULTILINE)
        return self._person.attach(self._run[0], int(numbers[-1]) if numbers else None)


def kinds_of(event: Mapping[str, Any]) -> set[str]:
    kinds = {event["type"], event.get("update", {}).get("type", "")}
    return kinds | {f"{event['type']} {event.get('item', {}).get('type')}"}


def is_message(item: Mapping[str, Any]) -> bool:
    return str(item["type"]) == "assistant_message"


def is_undo_card(item: Mapping[str, Any]) -> bool:
    return bool(item["type"] == "widget" and item["widget"].get("key") == UNDO_CARD)


def text_of(item: Mapping[str, Any]) -> str:
    return "".join(part["text"] for part in item["content"])


def fold(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a client's items after some events; removed items never return."""
    items: dict[str, dict[str, Any]] = {}
    removed: set[str] = set()
    for event in events:
        match event["type"]:
            case "thread.item.added" | "thread.item.done" | "thread.item.replaced":
                item = event["item"]
                assert item["id"] not in removed, f"{item['id']} came back"
                items[item["id"]] = item
            case "thread.item.removed":
                items.pop(event["item_id"], None)
                removed.add(event["item_id"])
    return items


class KillStack:
    """The stack, its workers, its model, and its stores as seen by an administrator."""

    def __init__(self, stack: Stack, model: ScriptedModelServer, orders: Orders) -> None:
        self.stack = stack
        self.model = model
        self.orders = orders
        self.workers: list[WorkerProcess] = []
        self.redis: Redis = create_server_client(stack.state["redis"]["url"])
        self._count = 0
        self._clients: list[httpx.AsyncClient] = []
        (standing_by,) = stack.state["services"][WORKER]["pids"]
        self._standing_by = psutil.Process(standing_by)
        self._environment = self._standing_by.environ()
        self._command = self._standing_by.cmdline()
        self._standing_by.suspend()

    # Processes

    async def fill(self, count: int = 2) -> None:
        """Ensure that `count` workers are ready and one more is starting."""

        async def are_enough() -> bool:
            self.workers = [worker for worker in self.workers if worker.is_alive]
            while len(self.workers) <= count:
                self.start_worker()
            ready = [worker for worker in self.workers if await worker.is_ready()]
            self.workers.sort(key=lambda worker: worker not in ready)
            return len(ready) >= count

        try:
            await wait_until(are_enough, WAIT_S, interval_s=0.2)
        except AssertionError as error:
            logs = [worker.log.read_text()[-1000:] for worker in self.workers]
            msg = f"the workers don't get ready: {logs}"
            raise AssertionError(msg) from error

    def start_worker(self) -> WorkerProcess:
        self._count += 1
        assert self._count < MAX_WORKERS, self.workers[-1].log.read_text()[-3000:]
        log = self.stack.data_dir.parent / f"worker-{self._count}.log"
        self.workers.append(WorkerProcess(self._environment, self._command, log))
        return self.workers[-1]

    def run_log_lines(self, run_id: str) -> list[str]:
        """Return all workers' log lines about a run."""
        folder = self.stack.data_dir.parent
        logs = [log.read_text().splitlines() for log in sorted(folder.glob("worker-*.log"))]
        return [line for log in logs for line in log if run_id in line]

    def worker(self, pid: int) -> WorkerProcess:
        return next(worker for worker in self.workers if worker.pid == pid)

    async def only(self, worker: WorkerProcess) -> None:
        """End all workers but one."""
        for other in self.workers:
            if other is not worker:
                await other.end()
        self.workers = [worker]

    async def hit(self, point: str) -> int:
        """Return the pid of the process that hit its fault point, once it is gone or frozen."""
        pid = int(await wait_until(lambda: self.orders.taken_by(point), WAIT_S))
        await wait_until(lambda: is_gone_or_frozen(pid), WAIT_S)
        return pid

    def pids(self, service: str) -> list[int]:
        state = json.loads((self.stack.data_dir / "state.json").read_text())
        pids: list[int] = state["services"][service]["pids"]
        return pids

    async def restarted(self, service: str, before: list[int]) -> None:
        """Wait until the launcher has started a killed process of a service again."""
        await wait_until(
            lambda: len(self.pids(service)) == len(before) and self.pids(service) != before, WAIT_S
        )

    # The stores

    async def rows(self, database: str, statement: str, *values: object) -> list[dict[str, Any]]:
        """Read or change rows directly, as the superuser."""
        base: str = self.stack.state["postgres"]["url"]
        connection = await asyncpg.connect(f"{base.rpartition('/')[0]}/{database}")
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def run(self, run_id: str) -> dict[str, Any]:
        (row,) = await self.rows("chat", "SELECT * FROM runs WHERE run_id = $1", run_id)
        return row

    async def steps(self, run_id: str) -> set[str]:
        rows = await self.rows("chat", "SELECT key FROM run_steps WHERE run_id = $1", run_id)
        return {row["key"] for row in rows}

    async def titles(self, user_id: str) -> list[str]:
        statement = "SELECT title FROM tasks WHERE user_id = $1 ORDER BY title"
        return [row["title"] for row in await self.rows("tasks", statement, user_id)]

    async def end_lease(self, run_id: str) -> None:
        """End a dead worker's lease now instead of in some seconds."""
        await self.rows(
            "chat",
            "UPDATE runs SET lease_until = now() - interval '1 s'"
            " WHERE run_id = $1 AND lease_until IS NOT NULL",
            run_id,
        )

    async def is_closed(self, run_id: str) -> bool:
        closed_at = (await self.run(run_id))["closed_at"]
        return closed_at is not None

    # Users

    async def sign_up(self) -> Person:
        client = httpx.AsyncClient(base_url=self.stack.edge, timeout=WAIT_S)
        self._clients.append(client)
        return await Person.sign_up(client)

    async def clean_turn(self) -> Turn:
        """Take a turn without any fault."""
        ada = await self.sign_up()
        async with ada.say("milk and eggs") as stream:
            await stream.rest()
        turn = Turn.of(stream)
        assert (turn.ended, turn.text) == ("completed", EXPECTED_TEXT), turn.raw.decode()
        return turn

    async def stored_items(self, person: Person, thread_id: str) -> list[dict[str, Any]]:
        params = {"thread_id": thread_id, "limit": 100, "order": "asc"}
        answer = await person.chatkit("items.list", params)
        items: list[dict[str, Any]] = answer.json()["data"]
        return items

    async def aclose(self) -> None:
        for worker in self.workers:
            await worker.end()
        for client in self._clients:
            await client.aclose()
        await self.redis.aclose()
        self._standing_by.resume()


def is_gone_or_frozen(pid: int) -> bool:
    try:
        status = psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return True
    return status in {psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED}


@asynccontextmanager
async def kill_stack(
    name: str, variables: Mapping[str, str] | None = None, *, workers: int = 2, gateways: int = 1
) -> AsyncIterator[KillStack]:
    """Start a stack whose processes can be hit; remove all of it at the end."""
    async with ScriptedModelServer() as model:
        model.otherwise = plan
        given = {
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": "sk-scripted",
            "TODO_AGENT_MODEL": "scripted",
            "TODO_AGENT_API": "responses",
            **PATIENT,
            **(variables or {}),
        }
        with TemporaryDirectory(prefix=f"todochat-{name}-orders-") as folder:
            orders = Orders(Path(folder) / "orders")
            stacks = run_stack(name, {**given, "TODOCHAT_FAULT_POINTS": str(orders.folder)},
                               workers=1, gateways=gateways)  # fmt: skip
            stack = await asyncio.to_thread(next, stacks)
            kills = KillStack(stack, model, orders)
            try:
                await kills.fill(workers)
                yield kills
            finally:
                await kills.aclose()
                await asyncio.to_thread(next, stacks, None)


@dataclass
class Killing:
    """One turn in which a process was hit at a fault point.

    Attributes:
        pid: of the process.
        before: the model's requests until then, by response.
        steps: the journal at that moment.
    """

    turn: Turn
    person: Person
    pid: int
    before: Counter[int]
    steps: set[str]


async def killed_turn(
    kills: KillStack, point: str, nth: int = 1, *, action: str = "kill", hurry: bool = True
) -> Killing:
    """Take a turn in which a worker dies or freezes at a point, and another one takes over.

    Args:
        hurry: the worker's lease ends at once.
    """
    ada = await kills.sign_up()
    kills.model.requests.clear()
    kills.orders.arm(point, nth, action)
    async with ada.say("milk and eggs") as stream:
        run_id = stream.response.headers["x-run-id"]
        reading = asyncio.ensure_future(stream.rest())
        pid = await kills.hit(point)
        before = Counter(answer_number(request) for request in kills.model.requests)
        steps = await kills.steps(run_id)
        if hurry:
            await kills.end_lease(run_id)
        async with asyncio.timeout(WAIT_S):
            await reading
    await wait_until(lambda: kills.is_closed(run_id), WAIT_S)
    return Killing(Turn.of(stream), ada, pid, before, steps)


async def check(kills: KillStack, killing: Killing) -> None:
    """Check the invariants of a turn of `plan`, wherever its worker died or froze."""
    await check_seen(kills, killing.turn, killing.person)
    after = Counter(answer_number(request) for request in kills.model.requests) - killing.before
    finished = {int(key[7:]) for key in killing.steps if key.startswith("answer/")}
    assert finished.isdisjoint(after), (finished, after)
    assert all(count <= 2 for count in (killing.before + after).values())
    # Another attempt did it, and it counts as one crash.
    run = await kills.run(killing.turn.run_id)
    ended = (run["status"], run["attempt"], run["crashes"])
    assert ended == ("completed", 2, 1), f"{ended}: {kills.run_log_lines(killing.turn.run_id)}"


async def check_seen(kills: KillStack, turn: Turn, person: Person) -> None:
    """Check the client's view of a turn of `plan`, wherever any process died."""
    # One complete stream on the same connection, each number once.
    assert (turn.ended, turn.text) == ("completed", EXPECTED_TEXT), turn.raw.decode()
    assert [frame.seq for frame in turn.frames] == list(range(1, len(turn.frames) + 1))
    assert not any(event["type"] == "error" for event in turn.events)
    done = [event["item"]["id"] for event in turn.events if event["type"] == "thread.item.done"]
    assert len(done) == len(set(done))
    # The client has the stored items.
    stored = sorted(await kills.stored_items(person, turn.thread_id), key=by_id)
    shown = sorted(turn.shown, key=by_id)
    assert stored == shown, f"stored {stored}\n shown {shown}"
    # Nothing was done twice, and nothing is missing.
    assert sum(is_undo_card(item) for item in stored) == 1, f"stored {stored}"
    assert await kills.titles(person.user_id) == sorted(TITLES)
    steps = await kills.steps(turn.run_id)
    assert steps == STEPS, f"more {steps - STEPS}, missing {STEPS - steps}"


def by_id(item: Mapping[str, Any]) -> str:
    return str(item["id"])

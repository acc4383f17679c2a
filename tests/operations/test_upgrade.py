"""The previous release and this one over the same stores: no turn fails, up or back. Long forms."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory

import httpx
import pytest

from backup_kit import MIGRATIONS, Server
from former_kit import former_commit, unpack
from stack_kit import Stack
from todochat.database.migrations import run_migrations
from todochat.testing import wait_until
from todochat.testing.model_server import (
    Call,
    Gate,
    ModelRequest,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
)
from todochat.testing.person import Person
from todochat.testing.servers import ValkeyProcess

pytestmark = pytest.mark.slow  # separate stacks

PEOPLE = 4
WAIT_S = 180.0
DONE = "It is on your list."


@dataclass
class Turn:
    """One user's message, and the read position in its stream."""

    person: Person
    title: str
    run_id: str = ""
    thread_id: str = ""
    last_id: int = 0
    ended: str | None = None


class Assistant:
    """A model that adds a task and holds back its last words until the test releases them."""

    def __init__(self) -> None:
        self.gate = Gate(WAIT_S)

    def answer(self, request: ModelRequest) -> ScriptedResponse:
        if request.history[-1].get("type") == "function_call_output":
            return ScriptedResponse(parts=(self.gate, Say(DONE)))
        messages = sum(item.get("role") == "user" for item in request.history)
        return ScriptedResponse(parts=(Say("On it."), Call("add_task", {"title": str(messages)})))


@pytest.fixture(scope="module")
def stores(scripted_model: ScriptedModelServer) -> Iterator[dict[str, str]]:
    """The variables for stacks that share stores with this version's schema; none migrates."""
    server, valkey = Server(), ValkeyProcess()
    try:
        server.start()
        valkey.start()
        for database, folder in MIGRATIONS.items():
            run_migrations(server.url(database, "owner"), folder)
        yield {
            "REDIS_URL": valkey.url,
            "TODOCHAT_SERVICE_SECRET": token_urlsafe(32),
            "OPENAI_BASE_URL": scripted_model.url,
            "TODO_AGENT_API": "responses",
            "TODO_AGENT_MODEL": "scripted",
            **server.variables(migrated=False),
        }
    finally:
        valkey.stop()
        server.stop()


@pytest.fixture(scope="module")
def former() -> Iterator[list[str]]:
    """The previous release's `todochat`."""
    commit = former_commit()
    if commit is None:
        pytest.skip("there is no history here")
    with TemporaryDirectory(prefix="todochat-former-") as folder:
        yield unpack(commit, Path(folder))


async def begin(turn: Turn) -> None:
    """Send a message and read until the task is added; then drop the connection."""
    async with turn.person.say("add it", turn.thread_id or None) as stream:
        assert stream.response.status_code == 200, stream.response.text
        turn.run_id = stream.response.headers["x-run-id"]
        turn.thread_id = stream.response.headers["x-thread-id"]
        async for event in stream:
            if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message":
                break
        turn.last_id = stream.last_id
    await wait_until(lambda: has_task(turn), timeout_s=WAIT_S, interval_s=0.2)


async def has_task(turn: Turn) -> bool:
    return turn.title in [task["title"] for task in await turn.person.tasks()]


async def finish(turn: Turn, edge: str) -> None:
    """Continue reading at another edge, with the same secret."""
    async with httpx.AsyncClient(base_url=edge, timeout=WAIT_S) as client:
        turn.person.client = client
        async with turn.person.attach(turn.run_id, after=turn.last_id) as stream:
            assert stream.response.status_code == 200, stream.response.text
            await stream.rest()
            turn.ended = stream.ended


async def change(
    to: Stack, away_from: Stack, scripted_model: ScriptedModelServer, turns: list[Turn]
) -> None:
    """Start turns on one stack, replace it by the other, and finish them there."""
    assistant = Assistant()
    scripted_model.otherwise = assistant.answer
    async with httpx.AsyncClient(base_url=away_from.edge, timeout=WAIT_S) as client:
        for turn in turns:
            turn.person.client = client
        await asyncio.gather(*map(begin, turns))
        await asyncio.to_thread(to.up, timeout_s=WAIT_S)
        await asyncio.to_thread(away_from.down)
    assistant.gate.open()
    await asyncio.gather(*(finish(turn, to.edge) for turn in turns))


async def test_no_turn_fails_during_upgrade_and_rollback(
    former: list[str], stores: dict[str, str], scripted_model: ScriptedModelServer, tmp_path: Path
) -> None:
    """The previous release runs under this version's schema, alone and beside this version."""
    old, new = Stack(tmp_path / "old", stores), Stack(tmp_path / "new", stores)
    old.program = former
    for stack in (old, new):
        stack.data_dir.mkdir(mode=0o711)
    try:
        await asyncio.to_thread(old.up, timeout_s=WAIT_S)
        async with httpx.AsyncClient(base_url=old.edge, timeout=WAIT_S) as client:
            people = [await Person.sign_up(client) for _ in range(PEOPLE)]
        up = [Turn(person, "1") for person in people]
        back = [Turn(person, "2") for person in people]

        await change(new, old, scripted_model, up)
        for first, second in zip(up, back, strict=True):
            second.thread_id = first.thread_id
        await change(old, new, scripted_model, back)

        assert [turn.ended for turn in up + back] == ["completed"] * 2 * PEOPLE
        async with httpx.AsyncClient(base_url=old.edge, timeout=WAIT_S) as client:
            for turn in back:
                turn.person.client = client
                assert sorted(task["title"] for task in await turn.person.tasks()) == ["1", "2"]
                assert await texts_of(turn) == ["add it", "On it.", DONE] * 2
    finally:
        for stack in (new, old):
            await asyncio.to_thread(stack.down)


async def texts_of(turn: Turn) -> list[str]:
    answer = await turn.person.chatkit("items.list", {"thread_id": turn.thread_id, "order": "asc"})
    return [
        "".join(part["text"] for part in item["content"])
        for item in answer.json()["data"]
        if item["type"] in ("user_message", "assistant_message")
    ]

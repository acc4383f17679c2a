"""A backup of a stack in operation, restored into an empty one: long forms.

The three databases are dumped at different moments. Here a `pg_dump` pauses before the second one,
while the stack continues to work.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backup_kit import SCRIPT, Backups, Server, SlowDump, ask, name_of
from stack_kit import SignUp, Stack, run_stack
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer
from todochat.testing.person import PASSWORD, Person

pytestmark = pytest.mark.slow  # separate stacks

WAIT_S = 120.0


@pytest.fixture(scope="module")
def source(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    """The stack that is backed up."""
    yield from run_stack("source", variables(scripted_model))


@pytest.fixture
def target() -> Iterator[Server]:
    server = Server()
    try:
        yield server.start()
    finally:
        server.stop()


def variables(scripted_model: ScriptedModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": scripted_model.url, "TODO_AGENT_MODEL": "scripted"}


@asynccontextmanager
async def stack_on(target: Server, scripted_model: ScriptedModelServer) -> AsyncIterator[Stack]:
    """Start a stack on the restored databases; the model responds while it starts."""
    running = contextmanager(run_stack)(
        "restored", {**variables(scripted_model), **target.variables()}
    )
    stack = await asyncio.to_thread(running.__enter__)
    try:
        yield stack
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def save_while(
    source: Stack, backups: Backups, folder: Path, database: str
) -> tuple["asyncio.Task[subprocess.CompletedProcess[str]]", SlowDump]:
    """Start a backup and wait until it has reached a database."""
    slow = SlowDump(folder, database)
    saving = asyncio.create_task(
        asyncio.to_thread(backups.run, source.state["postgres"]["url"], "save", path=slow.path)
    )
    await wait_until(lambda: slow.waits() or saving.done(), timeout_s=WAIT_S)
    return saving, slow


async def sign_in(client: httpx.AsyncClient, email: str) -> Person:
    """Sign in with the old password."""
    answer = await client.post("/api/auth/sign-in", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    person = Person(client, answer.json())
    await person.open_session()
    return person


async def texts_of(person: Person, thread_id: str) -> list[str]:
    """Return a thread's texts, the user's and the assistant's, in order."""
    answer = await person.chatkit("items.list", {"thread_id": thread_id, "order": "asc"})
    items: list[dict[str, Any]] = answer.json()["data"]
    return [
        "".join(part["text"] for part in item["content"])
        for item in items
        if item["type"] in ("user_message", "assistant_message")
    ]


async def titles(person: Person) -> list[str]:
    return sorted(task["title"] for task in await person.tasks())


async def ends(person: Person, thread_id: str) -> None:
    async def is_over() -> bool:
        return await person.runs(thread_id=thread_id, status="active") == []

    await wait_until(is_over, timeout_s=WAIT_S, interval_s=0.2)


async def test_run_in_progress_during_the_backup_finishes_after_the_restore(
    source: Stack,
    scripted_model: ScriptedModelServer,
    target: Server,
    sign_up: SignUp,
    tmp_path: Path,
) -> None:
    """Between the dumps a task is added, and a user deletes their account."""
    backups = Backups(tmp_path / "backups")
    ada, bob = await sign_up(source), await sign_up(source)
    scripted_model.answer(Call("add_task", {"title": "Milk"}))
    scripted_model.answer(Say("Milk is on it."))
    thread_id = (await ada.ask("milk")).thread_id
    scripted_model.answer(Say("Hello Bob."))
    await bob.ask("a secret of Bob")
    gate = Gate()
    scripted_model.answer(gate, Call("add_task", {"title": "Eggs"}))
    scripted_model.answer(Say("Eggs are on it."))
    request_count = len(scripted_model.requests) + 1

    async with ada.say("eggs", thread_id) as stream:
        await wait_until(lambda: len(scripted_model.requests) == request_count, timeout_s=WAIT_S)
        saving, slow = await save_while(source, backups, tmp_path / "bin", "tasks")
        gate.open()
        await stream.rest()
    account = {"Authorization": f"Bearer {bob.login_token}"}
    await bob.client.request("DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=account)
    slow.release()
    name = name_of(await saving)
    await asyncio.to_thread(backups.restore, target.admin_url, name)
    before = await ask(target.admin_url, "chat", "SELECT status FROM runs WHERE ended_at IS NULL")
    known = await ask(target.admin_url, "tasks", "SELECT title FROM tasks ORDER BY title")
    scripted_model.forget()
    scripted_model.answer(Call("add_task", {"title": "Eggs"}))
    scripted_model.answer(Say("Eggs are on it, once."))
    async with (
        stack_on(target, scripted_model) as stack,
        httpx.AsyncClient(base_url=stack.edge, timeout=60) as client,
    ):
        again = await sign_in(client, ada.email)
        await ends(again, thread_id)

        assert [row["status"] for row in before] == ["running"]
        assert [row["title"] for row in known] == ["Eggs", "Milk"]
        assert await titles(again) == ["Eggs", "Milk"]
        assert await texts_of(again, thread_id) == [
            "milk",
            "Milk is on it.",
            "eggs",
            "Eggs are on it, once.",
        ]
        assert scripted_model.unused_answers == 0
        # Earlier tokens are invalid: their keys and sessions are gone.
        again.login_token = ada.login_token
        assert (await again.api("GET", "/tasks")).status_code == 401

        async def is_erased() -> bool:
            query = "SELECT 1 FROM owners WHERE user_id = $1"
            return await ask(target.admin_url, "chat", query, bob.user_id) == []

        await wait_until(is_erased, timeout_s=WAIT_S, interval_s=0.5)
        refused = await again.client.post(
            "/api/auth/sign-in", json={"email": bob.email, "password": PASSWORD}
        )
        assert refused.status_code == 401


async def test_reverse_dump_order_leaves_a_chat_about_a_missing_task(
    source: Stack,
    scripted_model: ScriptedModelServer,
    target: Server,
    sign_up: SignUp,
    tmp_path: Path,
) -> None:
    """Shows the reason for the order of the dumps."""
    backups = Backups(tmp_path / "backups")
    backups.script = tmp_path / "other-order.sh"
    text = SCRIPT.read_text(encoding="utf-8")
    backups.script.write_text(text.replace('"chat tasks auth"', '"auth tasks chat"'))
    assert backups.script.read_text(encoding="utf-8") != text
    ada = await sign_up(source)
    saving, slow = await save_while(source, backups, tmp_path / "bin", "chat")
    scripted_model.answer(Call("add_task", {"title": "Bread"}))
    scripted_model.answer(Say("Bread is on it."))
    thread_id = (await ada.ask("bread")).thread_id
    slow.release()
    await asyncio.to_thread(backups.restore, target.admin_url, name_of(await saving))

    told = await ask(
        target.admin_url,
        "chat",
        "SELECT payload::text FROM items WHERE thread_id = $1 AND type = 'assistant_message'",
        thread_id,
    )
    assert "Bread is on it." in told[0]["payload"]
    assert await ask(target.admin_url, "tasks", "SELECT 1 FROM tasks WHERE title = 'Bread'") == []

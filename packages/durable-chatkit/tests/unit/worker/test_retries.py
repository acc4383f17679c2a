"""Retries: side effects of removed turns stay and are passed to the model."""

from typing import Any

import msgspec
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from durable_chatkit.agent.retry_effects import MAX_NOTE_CHARS, NOTE, removed_effects_note
from durable_chatkit.agent.tool_replay import ToolStep
from todochat.contracts.runs import AcceptedRun
from todochat.testing.model_server import Call, Say, ScriptedModelServer

OFFLINE: dict[str, Any] = {"openai_base_url": "", "openai_api_key": "", "model": ""}


async def retry(chat: Chat, run: AcceptedRun) -> AcceptedRun:
    """Retry the first message of a run's thread."""
    first = (await chat.items(run))[0]
    params = {"thread_id": run.thread_id, "item_id": first.id}
    retried = await chat.request({"type": "threads.retry_after_item", "params": params})
    await chat.wait_for_end(retried)
    return retried


async def test_retry_includes_side_effects_of_same_and_later_turns(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    for title in ("Milk", "Eggs"):
        model.answer(Call("add_task", {"title": title}))
        model.answer(Say(f"{title} added."))
    model.answer(Say("Done already."))
    await chat.start_worker(api=wire)
    first = await chat.ask("add milk")
    await chat.ask("and eggs", first.thread_id)

    await retry(chat, first)

    sent = model.requests[-1].history
    (note,) = [entry for entry in sent if "Its side effects remain" in str(entry.get("content"))]
    assert note["role"] == "user"
    assert ("Eggs" in note["content"], "Milk" in note["content"]) == (True, False)
    assert "Milk" in str(sent[-2:])
    assert "and eggs" not in str(sent)
    assert tasks.titles == ["Milk", "Eggs"]


def test_side_effects_note_is_truncated_to_the_newest() -> None:
    steps = []
    for number in range(100):
        record = {
            "kind": "tool_call",
            "call_id": str(number),
            "name": "add_task",
            "arguments": f"number {number} " + "x" * 300,
            "output": "ok",
        }
        events = [msgspec.Raw(msgspec.json.encode({"item": {"content": record}}))]
        step = ToolStep(output=msgspec.Raw(b"{}"), events=events)
        steps.append(("run_1", "tool/0001/0", msgspec.json.encode(step)))

    (note,) = removed_effects_note(steps)

    content = str(dict(note)["content"])
    assert len(content) < MAX_NOTE_CHARS + len(NOTE) + 100
    assert ("number 99 " in content, "number 0 " in content) == (True, False)
    assert content.index("number 98 ") < content.index("number 99 ")


async def test_retry_note_excludes_earlier_turns(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Call("add_task", {"title": "Milk"}))
    model.answer(Say("Added."))
    model.answer(Say("Hello."))
    model.answer(Say("Hello again."))
    await chat.start_worker()
    first = await chat.ask("add milk")
    await chat.ask("hello", first.thread_id)
    messages = [item for item in await chat.items(first) if item.type == "user_message"]

    params = {"thread_id": first.thread_id, "item_id": messages[1].id}
    await chat.wait_for_end(
        await chat.request({"type": "threads.retry_after_item", "params": params})
    )

    assert "Its side effects remain" not in str(model.requests[-1].history)


async def test_offline_assistant_retries_a_command_despite_removed_turns(
    chat: Chat, tasks: TasksStandIn
) -> None:
    await chat.start_worker(**OFFLINE)
    first = await chat.ask("hello")
    await chat.ask("add eggs", first.thread_id)

    retried = await retry(chat, first)

    assert tasks.titles == ["eggs"]
    assert "Hello" in (await chat.texts(retried))[-1]

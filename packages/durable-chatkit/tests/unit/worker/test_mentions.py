"""Mentions with "@" name the task or list that the user chose, whatever its title is."""

import json
from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from todochat.contracts.runs import AcceptedRun
from todochat.testing.model_server import Say, ScriptedModelServer

OFFLINE: dict[str, Any] = {"openai_base_url": "", "openai_api_key": "", "model": ""}


def mention(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task's tag, as the composer sends it."""
    data = {"type": "task", "number": str(task["number"])}
    return {"type": "input_tag", "id": task["id"], "text": task["title"], "data": data}


def mention_list(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input_tag", "id": entry["id"], "text": entry["name"], "data": {"type": "list"}}


async def send(chat: Chat, *parts: str | dict[str, Any]) -> AcceptedRun:
    """Accept a message of texts and tags."""
    content = [
        {"type": "input_text", "text": part} if isinstance(part, str) else part for part in parts
    ]
    message = {"content": content, "attachments": [], "inference_options": {}}
    return await chat.request({"type": "threads.create", "params": {"input": message}})


def completed(tasks: TasksStandIn) -> list[int]:
    return [task["number"] for task in tasks.tasks.values() if task["completed_at"]]


@pytest.mark.parametrize("chosen", [0, 1])
async def test_offline_assistant_completes_the_chosen_of_two_tasks_with_the_same_title(
    chat: Chat, tasks: TasksStandIn, chosen: int
) -> None:
    twins = [tasks.add("Call Bob"), tasks.add("Call Bob")]
    await chat.start_worker(**OFFLINE)

    run = await send(chat, "complete ", mention(twins[chosen]))

    assert await chat.wait_for_end(run) == "completed"
    assert completed(tasks) == [twins[chosen]["number"]]


async def test_offline_assistant_completes_both_tasks_with_the_same_title(
    chat: Chat, tasks: TasksStandIn
) -> None:
    first, second = tasks.add("Call Bob"), tasks.add("Call Bob")
    tasks.add("Call Bob")
    await chat.start_worker(**OFFLINE)

    run = await send(chat, "complete ", mention(first), " and ", mention(second))

    assert await chat.wait_for_end(run) == "completed"
    assert completed(tasks) == [first["number"], second["number"]]


async def test_offline_assistant_finds_renamed_task_and_list(
    chat: Chat, tasks: TasksStandIn
) -> None:
    task, entry = tasks.add("Call Bob"), tasks.lists[next(iter(tasks.lists))]
    parts = ("move ", mention(task), " to ", mention_list(entry))
    task["title"], entry["name"] = "Ring Rob", "Everything"
    tasks.add("Call Bob")
    await chat.start_worker(**OFFLINE)

    run = await send(chat, *parts)

    assert await chat.wait_for_end(run) == "completed"
    assert "Ring Rob" in (await chat.texts(run))[-1]
    (change,) = tasks.effects
    assert change[1].endswith((task["id"], f"/{task['number']}"))
    assert change[2] == {"list_id": entry["id"]}


async def test_offline_assistant_creates_no_list_for_a_deleted_one(
    chat: Chat, tasks: TasksStandIn
) -> None:
    gone = mention_list({"id": "lst_gone", "name": "Work"})
    await chat.start_worker(**OFFLINE)

    run = await send(chat, "add buy milk to ", gone)

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.effects == []
    assert "Work" in (await chat.texts(run))[-1]


async def test_model_gets_the_id_of_each_mention(
    chat: Chat, tasks: TasksStandIn, model: ScriptedModelServer, wire: str
) -> None:
    first, second = tasks.add("Call Bob"), tasks.add("Call Bob")
    model.answer(Say("Done."))
    await chat.start_worker(api=wire)

    run = await send(chat, "complete ", mention(first), ", keep ", mention(second))

    assert await chat.wait_for_end(run) == "completed"
    message, context = [entry["content"] for entry in model.requests[0].history[-2:]]
    other = f"Call Bob ({second['id']})"
    assert message == f"complete @Call Bob, keep @{other}"
    for title, task in (("Call Bob", first), (other, second)):
        data = {"type": "task", "number": str(task["number"]), "id": task["id"]}
        assert f"@{title}: {json.dumps(data)}" in context

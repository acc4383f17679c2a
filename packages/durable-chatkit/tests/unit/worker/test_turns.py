"""Whole turns with both model APIs."""

import json
from datetime import datetime
from typing import Any

import pytest
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from todochat.contracts.runs import AcceptedRun
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer


def deltas(events: list[Any]) -> list[str]:
    return [
        event.update.delta
        for event in events
        if event.type == "thread.item.updated" and event.update.type.endswith("text_delta")
    ]


def kinds(events: list[Any]) -> list[str]:
    return [
        f"{event.type}:{event.item.type}" if hasattr(event, "item") else event.type
        for event in events
    ]


async def test_text_is_streamed_and_stored_as_one_message(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Say("Hello", ", ", "Ada", "!"))
    await chat.start_worker(api=wire)

    run = await chat.ask("hi")

    events = await chat.events(run)
    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["hi", "Hello, Ada!"]
    assert kinds(events)[:4] == [
        "thread.created",
        "thread.item.done:user_message",
        "stream_options",
        "thread.item.added:assistant_message",
    ]
    assert kinds(events)[-2:] == ["thread.item.done:assistant_message", "thread.updated"]
    assert "".join(deltas(events)) == "Hello, Ada!"


async def test_token_is_published_before_the_next_arrives(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(Say("one", gate, "two"))
    await chat.start_worker(api=wire)

    run = await chat.say_until(gate, "count")
    await wait_until(lambda: _has_deltas(chat, run, ["one"]))
    gate.open()

    await chat.wait_for_end(run)
    assert deltas(await chat.events(run)) == ["one", "two"]


async def _has_deltas(chat: Chat, run: AcceptedRun, wanted: list[str]) -> bool:
    return deltas(await chat.events(run)) == wanted


async def test_slow_first_token_does_not_time_out(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    gate = Gate()
    model.answer(gate, Say("at last"))
    await chat.start_worker(api=wire)

    run = await chat.say_until(gate, "well?")
    gate.open()

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["well?", "at last"]


async def test_tool_result_is_sent_to_the_model(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    model.answer(Say("On it."), Call("add_task", {"title": "buy milk"}))
    model.answer(Say("Added."))
    await chat.start_worker(api=wire)

    run = await chat.ask("add buy milk")

    assert tasks.titles == ["buy milk"]
    assert tasks.keys == [f"{run.run_id}:0:0"]
    assert await chat.texts(run) == ["add buy milk", "On it.", "Added."]
    published = kinds(await chat.events(run))
    assert published.index("progress_update") < published.index("client_effect")
    assert json.loads(_tool_results(model.requests[1])[0])["task"]["number"] == 1


async def test_tools_of_one_answer_run_in_call_order(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    model.answer(*(Call("add_task", {"title": title}) for title in ("milk", "eggs", "bread")))
    model.answer(Say("Three tasks."))
    await chat.start_worker(api=wire)

    run = await chat.ask("milk, eggs and bread")

    assert tasks.titles == ["milk", "eggs", "bread"]
    assert tasks.keys == [f"{run.run_id}:0:{index}" for index in range(3)]
    assert len(_tool_results(model.requests[1])) == 3


async def test_repeated_call_ids_are_distinct_calls(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    for title in ("milk", "eggs"):
        model.answer(Call("add_task", {"title": title}, call_id="call_0"))
    model.answer(
        Call("add_task", {"title": "bread"}, call_id="call_0"),
        Call("add_task", {"title": "tea"}, call_id="call_0"),
    )
    model.answer(Say("Done."))
    await chat.start_worker(api=wire)

    run = await chat.ask("add them")

    assert await chat.wait_for_end(run) == "completed"
    assert tasks.titles == ["milk", "eggs", "bread", "tea"]
    assert len(_tool_results(model.requests[3])) == 4


async def test_later_turns_include_the_conversation(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    for text in ("first", "second", "third"):
        model.answer(Say(text))
    await chat.start_worker(api=wire)

    run = await chat.ask("one")
    await chat.ask("two", run.thread_id)
    last = await chat.ask("three", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    assert await chat.texts(run) == ["one", "first", "two", "second", "three", "third"]
    assert _conversation(model.requests[2]) == ["one", "first", "two", "second", "three"]


async def test_later_turn_includes_tool_call_and_result(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    model.answer(Call("add_task", {"title": "buy milk"}, call_id="call_0"))
    model.answer(Say("Added #1."))
    model.answer(Call("change_tasks", {"tasks": ["1"], "completed": True}, call_id="call_0"))
    model.answer(Say("Done."))
    await chat.start_worker(api=wire)

    run = await chat.ask("add buy milk")
    last = await chat.ask("complete it", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    assert tasks.effects == [
        ("POST", "/tasks", {"title": "buy milk"}),
        ("PATCH", f"/tasks/{next(iter(tasks.tasks))}", {"completed": True}),
    ]
    assert json.loads(_tool_results(model.requests[2])[0])["task"]["title"] == "buy milk"


@pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning")
async def test_list_tasks_shows_widget_and_returns_tasks_to_model(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, wire: str
) -> None:
    tasks.add("buy milk", priority="high", due={"date": "2026-11-24", "timezone": "Europe/Berlin"})
    model.answer(Call("find_tasks"))
    model.answer(Say("One task."))
    await chat.start_worker(api=wire)

    run = await chat.ask("what's open?")

    widget = next(item for item in await chat.items(run) if item.type == "widget").widget
    assert widget.type == "ListView"
    assert "buy milk" in widget.model_dump_json()
    assert json.loads(_tool_results(model.requests[1])[0])["total"] == 1
    assert "thread.item.done:widget" in kinds(await chat.events(run))
    assert "client_effect" not in kinds(await chat.events(run))


async def test_thread_title_comes_from_first_message_only(
    chat: Chat, model: ScriptedModelServer
) -> None:
    model.answer(Say("a"))
    model.answer(Say("b"))
    await chat.start_worker()

    run = await chat.ask("plan the trip to Rome")
    await chat.ask("and then Paris", run.thread_id)

    thread = await chat.store.load_thread(run.thread_id, chat.context)
    assert thread.title == "Plan the trip to Rome"


async def test_times_on_the_wire_are_utc(chat: Chat, model: ScriptedModelServer) -> None:
    model.answer(Say("hello"))
    await chat.start_worker()

    run = await chat.ask("hi")

    frames = [json.loads(frame.data) for frame in await chat.frames(run) if frame.data]
    times = [frame["item"]["created_at"] for frame in frames if "item" in frame]
    assert times
    assert all(time.endswith("Z") for time in times)


async def test_instructions_include_time_zone_and_locale(
    chat: Chat, model: ScriptedModelServer, wire: str
) -> None:
    model.answer(Say("hello"))
    await chat.start_worker(api=wire)

    run = await chat.ask("hi")

    body = model.requests[0].body
    prompt = body["instructions"] if wire == "responses" else body["messages"][0]["content"]
    assert "Time zone: Europe/Berlin" in prompt.splitlines()
    assert "Locale: de" in prompt.splitlines()
    (now,) = (line for line in prompt.splitlines() if line.startswith("Now: "))
    written_at = (await chat.row(run))["created_at"].replace(microsecond=0)
    assert datetime.fromisoformat(now.removeprefix("Now: ")) == written_at


def _tool_results(request: Any) -> list[str]:
    if request.wire == "responses":
        return [
            item["output"] for item in request.history if item.get("type") == "function_call_output"
        ]
    return [item["content"] for item in request.history if item["role"] == "tool"]


def _conversation(request: Any) -> list[str]:
    return [
        item["content"] for item in request.history if item.get("role") in {"user", "assistant"}
    ]


async def test_max_turns_limits_model_calls(chat: Chat, model: ScriptedModelServer) -> None:
    for _ in range(2):
        model.answer(Call("find_lists"))
    model.answer(Say("done"))
    await chat.start_worker(max_turns=3)

    run = await chat.ask("hi")

    assert await chat.wait_for_end(run) == "completed"
    assert await chat.texts(run) == ["hi", "done"]

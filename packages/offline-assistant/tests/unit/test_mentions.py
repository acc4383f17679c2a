"""Mentions with "@": tasks by their numbers and lists by their IDs, never by the words of a title."""

import json
from typing import Any

import pytest

from offline_assistant.model import decide
from offline_assistant.tool_calls import FunctionCall
from task_phrases.clock import Clock

CONTEXT = """# User-provided context for @-mentions
- When referencing resolved entities, use their canonical names **without** '@'.
- The '@' form appears only in user text and should not be echoed."""
TASK = {"type": "task", "id": "tsk_1", "number": "12"}
OTHER_TASK = {"type": "task", "id": "tsk_2", "number": "17"}
WORK = {"type": "list", "id": "lst_1"}


def mentioning(text: str, **mentions: dict[str, str]) -> list[dict[str, Any]]:
    """Return a message and openai-chatkit's context for its mentions; "_" stands for a space."""
    lines = [f"@{title.replace('_', ' ')}: {json.dumps(data)}" for title, data in mentions.items()]
    return [
        {"type": "message", "role": "user", "content": content}
        for content in (text, "\n".join([CONTEXT, *lines]))
    ]


def output(call_id: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    call = {"type": "function_call", "call_id": call_id, "name": "any", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": call_id, "output": json.dumps(data)}
    return [call, result]


def task_of(call: FunctionCall) -> str:
    """Return the task that a call names."""
    (task,) = call.arguments.get("tasks") or [call.arguments["task"]]
    return str(task)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("complete @Call Bob", ["12"]),
        ("@Call Bob is done", ["12"]),
        ("complete @Call Bob today", ["17"]),
        ("complete @Call Bob and @Call Bob today", ["12", "17"]),
        ("delete @Call Bob today", ["17"]),
    ],
)
def test_task_is_named_by_its_number(clock: Clock, text: str, numbers: list[str]) -> None:
    items = mentioning(text, Call_Bob=TASK, Call_Bob_today=OTHER_TASK)

    assert [task_of(call) for call in decide(items, clock).calls] == numbers


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("add buy milk to @Work", {"title": "buy milk", "list": "lst_1"}),
        ("add buy milk to my @Work list", {"title": "buy milk", "list": "lst_1"}),
        ("add read about @Work", {"title": "read about Work"}),
    ],
)
def test_list_is_named_by_its_id(clock: Clock, text: str, arguments: dict[str, str]) -> None:
    (call,) = decide(mentioning(text, Work=WORK), clock).calls

    assert {"title": call.arguments["title"], **arguments} == dict(call.arguments)


def test_task_moves_to_a_mentioned_list(clock: Clock) -> None:
    (call,) = decide(mentioning("move @Milk to @Work", Milk=TASK, Work=WORK), clock).calls

    assert (task_of(call), call.arguments["list"]) == ("12", "lst_1")


def test_tasks_of_a_mentioned_list_are_shown(clock: Clock) -> None:
    items = mentioning("what's in @Work?", Work=WORK)

    (call,) = decide(items, clock).calls
    reply = decide([*items, *output("ofl_1", {"ok": True, "tasks": []})], clock).text

    assert "lst_1" in call.arguments_json
    assert "Work" in reply
    assert "lst_1" not in reply


def test_deletion_of_a_mentioned_list_is_confirmed_by_name(clock: Clock) -> None:
    items = mentioning("delete @Work", Work=WORK)

    (call,) = decide(items, clock).calls
    waiting = {"ok": False, "code": "waiting-for-confirmation", "error": "wait"}
    reply = decide([*items, *output("ofl_1", waiting)], clock).text

    assert (call.name, call.arguments["list"]) == ("delete_list", "lst_1")
    assert reply.startswith("Delete the list **Work**?")


@pytest.mark.parametrize("data", [{}, {"type": "person", "id": "usr_1"}, {"type": "task"}])
def test_other_mentions_stay_words(clock: Clock, data: dict[str, str]) -> None:
    (call,) = decide(mentioning("add call @Ada", Ada=data), clock).calls

    assert call.arguments == {"title": "call @Ada"}


def test_title_may_look_like_data(clock: Clock) -> None:
    title = 'Fix {"a": {"b": 1}} now'
    items = mentioning(f"complete @{title}", **{title: TASK})

    assert [task_of(call) for call in decide(items, clock).calls] == ["12"]

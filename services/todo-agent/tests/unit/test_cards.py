"""Forms, pages of a result, the plan of a day, and the Undo of a turn."""

from typing import Any

import pytest
from cards_kit import ID, action_of, boxes, click, components, press, said, texts, widgets

from todo_agent.action_payloads import ADD, CLOSE, PAGE
from todo_agent.undo_cards import summarize
from todochat.contracts.task_history import ChangeEntry
from todochat.testing.model_server import Call, Say, ScriptedModelServer

pytestmark = pytest.mark.filterwarnings("ignore:Direct usage of named widget:DeprecationWarning")


async def newest(chat: Any, run: Any) -> Any:
    return (await widgets(chat, run))[-1]


async def new_task_form(chat: Any, run: Any, model: ScriptedModelServer) -> Any:
    """Let the model show the form of a new task, and return its item."""
    model.answer(Call("show_task", {"task": None}))
    model.answer(Say("Here is a form."))
    await chat.ask("let me add a task", run.thread_id)
    return await newest(chat, run)


class TestNewTask:
    async def test_form_adds_a_task_and_confirms_it(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        form = await new_task_form(chat, listed, model)
        action = form.widget.model_dump(mode="json")["confirm"]["action"]
        fields = {
            "title": " Pay  rent ",
            "due": "2026-12-01",
            "time": "9:30",
            "repeat": "FREQ=MONTHLY",
            "reminder": "60",
            "priority": "high",
            "list_id": next(iter(tasks.lists)),
            "tags": "money, home , money",
        }

        await click(chat, listed, action["type"], form, **fields)

        assert action["type"] == ADD
        ((_, path, body),) = tasks.effects
        assert path == "/tasks"
        assert body == {
            "title": "Pay rent",
            "due": {"at": "2026-12-01T08:30:00Z", "timezone": "Europe/Berlin"},
            "repeat": {"rule": "FREQ=MONTHLY", "from": "due"},
            "reminders": [{"minutes_before": 60}],
            "priority": "high",
            "list_id": next(iter(tasks.lists)),
            "tags": ["money", "home"],
        }
        card = await newest(chat, listed)
        assert texts(card.widget) == ["Added “Pay rent”"]
        for _ in range(2):  # the second time in another tab
            await press(chat, listed, card, "Undo")
        assert "Pay rent" not in tasks.titles
        assert texts((await newest(chat, listed)).widget)[0].startswith("Undone")

    async def test_form_that_was_saved_adds_no_second_task(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        form = await new_task_form(chat, listed, model)
        await click(chat, listed, ADD, form, title="Pay rent")

        again = await click(chat, listed, ADD, form, title="Pay rent")  # in another tab
        await click(chat, listed, CLOSE, form)

        assert tasks.titles.count("Pay rent") == 1
        (error,) = await said(chat, again, "error")
        assert "already" in error.message
        assert texts((await newest(chat, listed)).widget) == ["Added “Pay rent”"]

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"title": " "}, "needs a title"),
            ({}, "needs a title"),
            ({"title": "x", "time": "9:30"}, "Choose the date"),
            ({"title": "x", "due": "2026-12-01", "time": "late"}, "such as 17:30"),
            ({"title": "x", "due": "0001-01-01", "time": "0:30"}, "Invalid date"),
            ({"title": "x", "due": "0001-01-01T05:00:00+06:00"}, "Invalid date"),
            ({"title": "x", "repeat": "FREQ=SECONDLY"}, "Invalid repetition"),
            ({"title": "x", "reminder": "soon"}, "Invalid reminder"),
        ],
    )
    async def test_invalid_field_is_reported_without_effect(
        self, chat: Any, listed: Any, tasks: Any, fields: dict[str, str], message: str
    ) -> None:
        acted = await click(chat, listed, ADD, **fields)

        (error,) = await said(chat, acted, "error")
        assert message in error.message
        assert tasks.effects == []

    async def test_cancel_closes_the_form(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        form = await new_task_form(chat, listed, model)
        action = form.widget.model_dump(mode="json")["cancel"]["action"]

        await click(chat, listed, action["type"], form, **action["payload"], title="dropped")

        assert texts((await newest(chat, listed)).widget) == ["Nothing was added."]
        assert tasks.effects == []


class TestPages:
    async def test_result_is_shown_in_pages_of_current_tasks(
        self, chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
    ) -> None:
        for number in range(3, 24):
            tasks.add(f"task {number}")
        model.answer(Call("find_tasks", {"text": None}))
        model.answer(Say("Many."))
        await chat.ask("what is there?", listed.thread_id)
        first = await newest(chat, listed)
        assert len(boxes(first.widget)) == 10
        assert components(first.widget, "Caption")[-1]["value"] == "1 to 10 of 23"
        assert [each["disabled"] for each in components(first.widget, "Button")[-2:]] == [
            True,
            False,
        ]

        await press(chat, listed, first, "Next")
        del tasks.tasks[ID.format(1)]
        await press(chat, listed, await newest(chat, listed), "Next")

        last = await newest(chat, listed)
        assert last.id == first.id
        assert boxes(last.widget) == [("task 22", False), ("task 23", False)]
        assert components(last.widget, "Caption")[-1]["value"] == "21 to 22 of 22"
        await press(chat, listed, last, "Previous")
        assert len(boxes((await newest(chat, listed)).widget)) == 10

    @pytest.mark.parametrize(
        "payload",
        [{"query": {"limit": "9"}, "page": 0}, {"query": {}, "page": -1}, {"query": {"q": 5}}],
    )
    async def test_other_parameters_are_rejected(
        self, chat: Any, listed: Any, payload: dict[str, Any]
    ) -> None:
        acted = await click(chat, listed, PAGE, **payload)

        assert len(await said(chat, acted, "error")) == 1


async def test_plan_of_a_day_is_accepted_once(
    chat: Any, listed: Any, tasks: Any, model: ScriptedModelServer
) -> None:
    entries = [
        {"task": 2, "at": "23:20", "minutes": 20},
        {"task": 1, "at": "23:00", "minutes": 15},
    ]
    model.answer(Call("plan_day", {"day": "2999-01-01", "entries": entries}))
    model.answer(Say("Like this?"))
    await chat.ask("plan my day", listed.thread_id)
    card = await newest(chat, listed)
    assert [part for part in texts(card.widget) if part[0] != "P"] == [
        "23:00",
        "milk",
        "23:20",
        "bread",
    ]
    assert components(card.widget, "Caption")[-1]["value"] == "2 tasks · 35 min"
    assert tasks.effects == []
    accept = action_of(card.widget, "Accept")

    for _ in range(2):
        await click(chat, listed, accept["type"], card, **accept["payload"])

    assert [task["duration_minutes"] for task in tasks.tasks.values()] == [15, 20]
    planned = await newest(chat, listed)
    assert components(planned.widget, "Title")[0]["value"].startswith("Planned for")
    assert action_of(planned.widget, "Undo")["payload"] == {
        "group_id": next(iter(tasks.pending.values()))["group_id"]
    }


def entry(number: int, kind: str, name: str, **fields: Any) -> ChangeEntry:
    given: dict[str, Any] = {
        "id": number,
        "type": kind,
        "entity_id": name,
        "name": name,
        "actor": "agent",
        "run_id": None,
        "group_id": "g",
        "request_id": None,
        "before": {},
        "after": {},
        "undoes": None,
        "undone": False,
        "occurred_at": "2026-12-01T09:00:00Z",
        **fields,
    }
    return ChangeEntry(**given)


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ([], ""),
        ([("task.created.v1", "milk")], "Added “milk”"),
        ([("task.updated.v1", "milk"), ("task.created.v1", "milk")], "Added “milk”"),
        ([("task.completed.v1", "a"), ("task.completed.v1", "b")], "Completed 2 tasks"),
        (
            [("list.created.v1", "Work"), ("task.deleted.v1", "a"), ("task.created.v1", "b")],
            "Added “b”, added the list “Work”, deleted “a”",
        ),
    ],
)
def test_turn_is_summarized_in_one_line(changes: list[tuple[str, str]], summary: str) -> None:
    entries = [entry(9 - at, kind, name) for at, (kind, name) in enumerate(changes)]

    assert summarize(entries) == summary


def test_next_instance_belongs_to_the_completion() -> None:
    changes = [
        entry(2, "task.created.v1", "tsk_next"),
        entry(1, "task.completed.v1", "rent", after={"next_id": "tsk_next"}),
    ]

    assert summarize(changes) == "Completed “rent”"


def test_undone_changes_are_left_out_and_undos_are_named() -> None:
    assert summarize([entry(1, "task.created.v1", "milk", undone=True)]) == ""
    assert summarize([entry(2, "task.deleted.v1", "milk", undoes=1)]) == "Undone: 1 task"

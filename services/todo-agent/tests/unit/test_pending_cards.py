"""Texts of the card that asks for a confirmation."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from todo_agent.pending_cards import pending_card
from todochat.contracts.task_changes import (
    ChangedTask,
    DeleteOperation,
    PendingChange,
    PendingOperation,
    TaskChanges,
    UndoOperation,
    UpdateOperation,
)
from todochat.contracts.tasks import Due


def make_card(operations: list[PendingOperation], done: list[ChangedTask]) -> dict[str, Any]:
    pending = PendingChange(
        id="pch_1",
        group_id="msg_1",
        revision=1,
        status="open",
        operations=operations,
        expires_at=datetime(2026, 11, 24, tzinfo=UTC),
        done=done,
    )
    return pending_card(pending, ZoneInfo("UTC"), date(2026, 11, 23), {})


def test_one_changed_task_is_counted_in_the_singular() -> None:
    operation = PendingOperation(
        operation=DeleteOperation(task_id="tsk_2"), title="bread", number=2
    )
    done = [ChangedTask(id="tsk_1", number=1, title="milk", deleted=False)]

    caption = make_card([operation], done)["children"][2]["value"]

    assert caption.startswith("Already changed: 1 task. These need your confirmation.")


def test_undo_of_one_change_is_counted_in_the_singular() -> None:
    operation = PendingOperation(operation=UndoOperation(group_id="msg_0"), title="", count=1)

    title = make_card([operation], [])["children"][0]["value"]

    assert title == "Undo 1 change?"


@pytest.mark.parametrize(
    ("hours", "question", "note"),
    [
        ((17, 17), "Move 2 tasks to tomorrow at 17:00?", "Nothing else will change."),
        ((9, 17), "Move 2 tasks to tomorrow?", "Times of day stay the same. Nothing else"),
    ],
)
def test_one_time_for_all_tasks_is_named(hours: tuple[int, int], question: str, note: str) -> None:
    operations = [
        PendingOperation(
            operation=UpdateOperation(
                task_id=f"tsk_{number}",
                changes=TaskChanges(due=Due(at=datetime(2026, 11, 24, hour, tzinfo=UTC))),
            ),
            title="bread",
            number=number,
        )
        for number, hour in enumerate(hours, start=1)
    ]

    title, _rows, caption, _buttons = make_card(operations, [])["children"]

    assert title["value"] == question
    assert caption["value"].startswith(note)

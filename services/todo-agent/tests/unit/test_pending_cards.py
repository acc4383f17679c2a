"""Texts of the card that asks for a confirmation."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from todo_agent.pending_cards import pending_card
from todochat.contracts.task_changes import (
    ChangedTask,
    DeleteOperation,
    PendingChange,
    PendingOperation,
    UndoOperation,
)


def make_card(operation: PendingOperation, done: list[ChangedTask]) -> dict[str, Any]:
    pending = PendingChange(
        id="pch_1",
        group_id="msg_1",
        revision=1,
        status="open",
        operations=[operation],
        expires_at=datetime(2026, 11, 24, tzinfo=UTC),
        done=done,
    )
    return pending_card(pending, ZoneInfo("UTC"), date(2026, 11, 23), {})


def test_one_changed_task_is_counted_in_the_singular() -> None:
    operation = PendingOperation(
        operation=DeleteOperation(task_id="tsk_2"), title="bread", number=2
    )
    done = [ChangedTask(id="tsk_1", number=1, title="milk", deleted=False)]

    caption = make_card(operation, done)["children"][2]["value"]

    assert caption.startswith("Already changed: 1 task. These need your confirmation.")


def test_undo_of_one_change_is_counted_in_the_singular() -> None:
    operation = PendingOperation(operation=UndoOperation(group_id="msg_0"), title="", count=1)

    title = make_card(operation, [])["children"][0]["value"]

    assert title == "Undo 1 change?"

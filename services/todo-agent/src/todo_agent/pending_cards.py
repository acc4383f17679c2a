"""Cards of pending changes: the question, and the outcome of a confirmation or an undo."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from task_tools.answering import plural, skipped_text
from todo_agent.action_payloads import CONFIRM, DISCARD, UNDO, click
from todo_agent.task_cards import MAX_NAMED, button, message_card
from todochat.contracts.task_changes import (
    DeleteListOperation,
    PendingChange,
    PendingOperation,
    UndoOperation,
    UpdateOperation,
)
from todochat.contracts.tasks import Due

PENDING_CARD: Final = "pending-card"
NOTHING_ELSE: Final = "Nothing else will change."
# The change of one field as a question, and as a statement once it is done.
_PHRASES: Final[Mapping[str, tuple[str, str]]] = {
    "delete": ("Delete {what}", "Deleted {what}"),
    "restore": ("Restore {what}", "Restored {what}"),
    "complete": ("Mark {what} as done", "Marked {what} as done"),
    "reopen": ("Reopen {what}", "Reopened {what}"),
    "due": ("Move {what} to {value}", "Moved {what} to {value}"),
    "no-due": ("Remove the due date of {what}", "Removed the due date of {what}"),
    "list_id": ("Move {what} to the list “{value}”", "Moved {what} to the list “{value}”"),
    "priority": ("Set {what} to {value} priority", "Set {what} to {value} priority"),
    "title": ("Rename {what}", "Renamed {what}"),
    "notes": ("Change the notes of {what}", "Changed the notes of {what}"),
    "tags": ("Change the tags of {what}", "Changed the tags of {what}"),
    "mixed": ("Change {what}", "Changed {what}"),
}


def pending_card(
    pending: PendingChange, zone: ZoneInfo, today: date, list_names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the card that asks to confirm pending operations."""
    question = _sentence(pending.operations, zone, today, list_names, is_done=False)
    is_mixed = len({_kind(each, zone) for each in pending.operations}) > 1
    rows = [
        _row(each, zone, today, list_names, with_verb=is_mixed)
        for each in pending.operations
        if each.title
    ]
    lines = rows[:MAX_NAMED]
    if len(rows) > MAX_NAMED:
        lines.append(f"and {len(rows) - MAX_NAMED} more")
    notes = [NOTHING_ELSE]
    dues = [
        each.operation.changes.due
        for each in pending.operations
        if isinstance(each.operation, UpdateOperation)
    ]
    if any(isinstance(due, Due) and due.at is not None for due in dues):
        notes.insert(0, "Times of day stay the same.")
    if pending.done:
        done = plural(len(pending.done), "task")
        notes.insert(0, f"Already changed: {done}. These need your confirmation.")
    return {
        "type": "Card",
        "key": PENDING_CARD,
        "size": "sm",
        "children": [
            {"type": "Title", "value": f"{question}?", "size": "sm"},
            {"type": "Col", "children": [{"type": "Text", "value": line} for line in lines]},
            {"type": "Caption", "value": " ".join(notes)},
        ],
        "confirm": {
            "label": "Confirm",
            "action": click(CONFIRM, pending_id=pending.id, revision=pending.revision),
        },
        "cancel": {"label": "Cancel", "action": click(DISCARD, pending_id=pending.id)},
    }


def confirmed_card(
    pending: PendingChange, zone: ZoneInfo, today: date, list_names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the card with the outcome of a confirmation, and an undo."""
    outcome = pending.outcome
    if outcome is None or not (outcome.tasks or outcome.lists):
        return message_card(f"Nothing was changed. {skipped_text(outcome)}".strip())
    skipped = {(each.title, each.number) for each in outcome.left}
    done = [each for each in pending.operations if (each.title, each.number) not in skipped]
    text = f"{_sentence(done, zone, today, list_names, is_done=True)}."
    children: list[dict[str, Any]] = [
        {
            "type": "Row",
            "align": "center",
            "gap": 2,
            "children": [
                {"type": "Text", "value": text},
                {"type": "Spacer"},
                button("Undo", click(UNDO, group_id=outcome.group_id)),
            ],
        }
    ]
    if outcome.left:
        children.append({"type": "Caption", "value": skipped_text(outcome)})
    return {"type": "Card", "key": PENDING_CARD, "size": "sm", "children": children}


def _sentence(
    operations: Sequence[PendingOperation],
    zone: ZoneInfo,
    today: date,
    list_names: Mapping[str, str],
    *,
    is_done: bool,
) -> str:
    if len(operations) == 1 and isinstance(operations[0].operation, DeleteListOperation):
        return _list_sentence(operations[0], is_done=is_done)
    if len(operations) == 1 and isinstance(operations[0].operation, UndoOperation):
        changes = plural(operations[0].count or 0, "change")
        return f"{'Undid' if is_done else 'Undo'} {changes}"
    kinds = {_kind(each, zone) for each in operations}
    kind, value = kinds.pop() if len(kinds) == 1 else ("mixed", "")
    if kind == "mixed" and any(not each.number for each in operations):
        return f"{'Made' if is_done else 'Make'} these {len(operations)} changes"
    what = _count_text(len(operations))
    return _PHRASES[kind][is_done].format(
        what=what, value=_value_text(kind, value, today, list_names)
    )


def _list_sentence(pending: PendingOperation, *, is_done: bool) -> str:
    verb = "Deleted" if is_done else "Delete"
    tasks = plural(pending.count or 0, "open task")
    operation = pending.operation
    if isinstance(operation, DeleteListOperation) and operation.tasks == "delete":
        return f"{verb} the list “{pending.title}” with its {tasks}"
    return f"{verb} the list “{pending.title}” and move its {tasks} to your default list"


def _row(
    pending: PendingOperation,
    zone: ZoneInfo,
    today: date,
    list_names: Mapping[str, str],
    *,
    with_verb: bool,
) -> str:
    if pending.number is None:
        return _list_sentence(pending, is_done=False)
    name = f"#{pending.number} {pending.title}"
    if not with_verb:
        return name
    kind, value = _kind(pending, zone)
    return _PHRASES[kind][False].format(
        what=name, value=_value_text(kind, value, today, list_names)
    )


def _kind(pending: PendingOperation, zone: ZoneInfo) -> tuple[str, str]:
    """Return the kind of an operation and its new value; equal for equal changes."""
    operation = msgspec.to_builtins(pending.operation)
    changes = dict(operation.get("changes") or {})
    changes.pop("applies_to", None)  # of a repeating task; no change of its own
    kind: str = operation["type"]
    value: Any = ""
    if kind == "update" and len(changes) == 1:
        ((kind, value),) = changes.items()
    match kind:
        case "completed":
            return ("complete" if value else "reopen"), ""
        case "due":
            if value is None:
                return "no-due", ""
            if "at" not in value:
                return "due", value["date"]
            local = datetime.fromisoformat(value["at"]).astimezone(zone)
            return "due", local.date().isoformat()
        case "list_id" | "priority":
            return kind, value
        case _:
            return (kind if kind in _PHRASES else "mixed"), ""


def _value_text(kind: str, value: str, today: date, list_names: Mapping[str, str]) -> str:
    if kind == "list_id":
        return list_names.get(value, "another list")
    if kind == "priority":
        return "no" if value == "none" else value
    return day_text(date.fromisoformat(value), today) if kind == "due" else value


def day_text(day: date, today: date) -> str:
    """Return "today", "tomorrow", or the day with its weekday."""
    near = {today: "today", today + timedelta(days=1): "tomorrow"}
    return near.get(day) or f"{day:%A}, {day.day} {day:%B}"


def _count_text(number: int) -> str:
    return "this task" if number == 1 else f"{number} tasks"

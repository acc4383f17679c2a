"""The card that asks before much is changed, and what is left of it after the decision."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from todo_agent.action_payloads import CONFIRM, DISCARD, UNDO, click
from todo_agent.task_cards import MAX_NAMED, button, message_card
from todochat.contracts.task_changes import (
    ChangeOutcome,
    DeleteListOperation,
    PendingChange,
    PendingOperation,
    UndoOperation,
    UpdateOperation,
)
from todochat.contracts.tasks import Due

PENDING_CARD: Final = "pending-card"
STAYS: Final = "Everything else stays as it is."
# What the change of one field is called, and what it is called once it is done.
_PHRASES: Final[Mapping[str, tuple[str, str]]] = {
    "delete": ("Delete {what}", "Deleted {what}"),
    "restore": ("Bring back {what}", "Brought back {what}"),
    "complete": ("Mark {what} as done", "Marked {what} as done"),
    "reopen": ("Open {what} again", "Opened {what} again"),
    "due": ("Move {what} to {value}", "Moved {what} to {value}"),
    "no-due": ("Remove the date of {what}", "Removed the date of {what}"),
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
    """Return the question whether pending operations may be carried out."""
    whole = _sentence(pending.operations, zone, today, list_names, is_done=False)
    rows = [
        _row(each, zone, today, list_names, with_verb=_is_mixed(pending.operations, zone))
        for each in pending.operations
        if each.title
    ]
    lines = rows[:MAX_NAMED]
    if len(rows) > MAX_NAMED:
        lines.append(f"and {len(rows) - MAX_NAMED} more")
    notes = [STAYS]
    if _keeps_times(pending.operations):
        notes.insert(0, "Times of day stay the same.")
    if pending.done:
        done = _count(len(pending.done))
        notes.insert(0, f"Changed already: {done}. These wait for you.")
    return {
        "type": "Card",
        "key": PENDING_CARD,
        "size": "sm",
        "children": [
            {"type": "Title", "value": f"{whole}?", "size": "sm"},
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
    """Return what a confirmation did, with a way back."""
    outcome = pending.outcome
    if outcome is None or not (outcome.tasks or outcome.lists):
        return message_card(f"Nothing was changed. {left_text(outcome)}".strip())
    done = [each for each in pending.operations if not _was_left(each, outcome)]
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
        children.append({"type": "Caption", "value": left_text(outcome)})
    return {"type": "Card", "key": PENDING_CARD, "size": "sm", "children": children}


def left_text(outcome: ChangeOutcome | None) -> str:
    """Say what a confirmation left as it was; empty if it left nothing."""
    if outcome is None or not outcome.left:
        return ""
    named = [f"“{each.title}”" for each in outcome.left[:MAX_NAMED]]
    if len(outcome.left) > MAX_NAMED:
        named.append(f"{len(outcome.left) - MAX_NAMED} more")
    return f"Left as they are, because they changed meanwhile: {', '.join(named)}."


def undone_text(outcome: ChangeOutcome) -> str:
    """Say what an undo did."""
    counts = ((len(outcome.tasks), "task"), (len(outcome.lists), "list"))
    if sum(count for count, _ in counts) == 1:
        name = outcome.tasks[0].title if outcome.tasks else outcome.lists[0].name
        return f"Undone: “{name}” is as it was before."
    named = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    return f"Undone: {' and '.join(named)} are as they were before."


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
        return f"{'Undid' if is_done else 'Undo'} {operations[0].count} changes"
    kinds = {_kind(each, zone) for each in operations}
    kind, value = kinds.pop() if len(kinds) == 1 else ("mixed", "")
    if kind == "mixed" and any(not each.number for each in operations):
        return f"{'Made' if is_done else 'Make'} these {len(operations)} changes"
    what = _count(len(operations))
    return _PHRASES[kind][is_done].format(what=what, value=_say(kind, value, today, list_names))


def _list_sentence(waiting: PendingOperation, *, is_done: bool) -> str:
    verb = "Deleted" if is_done else "Delete"
    tasks = f"{waiting.count} open task{'' if waiting.count == 1 else 's'}"
    operation = waiting.operation
    if isinstance(operation, DeleteListOperation) and operation.tasks == "delete":
        return f"{verb} the list “{waiting.title}” with its {tasks}"
    return f"{verb} the list “{waiting.title}” and move its {tasks} to your default list"


def _row(
    waiting: PendingOperation,
    zone: ZoneInfo,
    today: date,
    list_names: Mapping[str, str],
    *,
    with_verb: bool,
) -> str:
    if waiting.number is None:
        return _list_sentence(waiting, is_done=False)
    name = f"#{waiting.number} {waiting.title}"
    if not with_verb:
        return name
    kind, value = _kind(waiting, zone)
    return _PHRASES[kind][False].format(what=name, value=_say(kind, value, today, list_names))


def _kind(waiting: PendingOperation, zone: ZoneInfo) -> tuple[str, str]:
    """Return what an operation does, and to which value: the same for those that do the same."""
    operation = msgspec.to_builtins(waiting.operation)
    changes = operation.get("changes") or {}
    kind: str = operation["type"]
    value: Any = ""
    if kind == "update" and len(changes) == 1:
        ((kind, value),) = changes.items()
    match kind:
        case "completed":
            return ("complete" if value else "reopen"), ""
        case "due":
            return _kind_of_due(value, zone)
        case "list_id" | "priority":
            return kind, value
        case _:
            return (kind if kind in _PHRASES else "mixed"), ""


def _kind_of_due(due: Mapping[str, str] | None, zone: ZoneInfo) -> tuple[str, str]:
    if due is None:
        return "no-due", ""
    if "at" not in due:
        return "due", due["date"]
    return "due", datetime.fromisoformat(due["at"]).astimezone(zone).date().isoformat()


def _is_mixed(operations: Sequence[PendingOperation], zone: ZoneInfo) -> bool:
    return len({_kind(each, zone) for each in operations}) > 1


def _say(kind: str, value: str, today: date, list_names: Mapping[str, str]) -> str:
    if kind == "list_id":
        return list_names.get(value, "another list")
    if kind == "priority":
        return "no" if value == "none" else value
    return say_day(date.fromisoformat(value), today) if kind == "due" else value


def say_day(day: date, today: date) -> str:
    """Return "tomorrow", or the day with its weekday."""
    near = {today: "today", today + timedelta(days=1): "tomorrow"}
    return near.get(day) or f"{day:%A}, {day.day} {day:%B}"


def _keeps_times(operations: Sequence[PendingOperation]) -> bool:
    changes = [
        each.operation.changes for each in operations if isinstance(each.operation, UpdateOperation)
    ]
    return any(isinstance(each.due, Due) and each.due.at is not None for each in changes)


def _was_left(waiting: PendingOperation, outcome: ChangeOutcome) -> bool:
    return any(
        (each.title, each.number) == (waiting.title, waiting.number) for each in outcome.left
    )


def _count(number: int) -> str:
    return "this task" if number == 1 else f"{number} tasks"

"""Cards of pending changes: the question, and the outcome of a confirmation or an undo."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from task_tools.answering import plural, skipped_text
from todo_agent.action_payloads import CONFIRM, DISCARD, UNDO, click
from todo_agent.cards import button, day_text, message_card
from todo_agent.plan_cards import accepted_plan_card, plan_card, planned_tasks
from todochat.contracts.task_changes import (
    DeleteListOperation,
    DeleteOperation,
    PendingChange,
    PendingOperation,
    UndoOperation,
    UpdateOperation,
)
from todochat.contracts.tasks import Due

PENDING_CARD: Final = "pending-card"
MAX_ROWS: Final = 5
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
    """Return the card that asks to confirm pending operations, or to accept a plan of a day."""
    plan = planned_tasks(pending.operations, zone)
    if plan:
        return plan_card(plan, today, pending_id=pending.id, revision=pending.revision)
    question = _sentence(pending.operations, zone, today, list_names, is_done=False)
    is_mixed = len({_kind(each, zone) for each in pending.operations}) > 1
    rows = []
    for each in pending.operations:
        name = f"#{each.number} {each.title}"
        if each.title and is_mixed and each.number is None:
            rows.append(_list_sentence(each, is_done=False))
        elif each.title and is_mixed:
            at = _shared_time([each], zone)
            rows.append(_phrase(_kind(each, zone), name, today, list_names, at, is_done=False))
        elif each.title and each.number is not None:
            rows.append(name)
    if len(rows) > MAX_ROWS:
        rows[MAX_ROWS:] = [f"and {len(rows) - MAX_ROWS} more"]
    notes = [NOTHING_ELSE]
    dues = [
        each.operation.changes.due
        for each in pending.operations
        if isinstance(each.operation, UpdateOperation)
    ]
    has_times = any(isinstance(due, Due) and due.at is not None for due in dues)
    if has_times and not is_mixed and not _shared_time(pending.operations, zone):
        notes.insert(0, "Times of day stay the same.")
    if pending.done:
        done = plural(len(pending.done), "task")
        notes.insert(0, f"Already changed: {done}. These need your confirmation.")
    is_deletion = any(deletes(each) for each in pending.operations)
    buttons = [
        button("Cancel", click(DISCARD, pending_id=pending.id)),
        button(
            "Delete" if is_deletion and not is_mixed else "Confirm",
            click(CONFIRM, pending_id=pending.id, revision=pending.revision),
            color="danger" if is_deletion else "primary",
            variant="solid",
        ),
    ]
    children: list[dict[str, Any]] = [{"type": "Title", "value": f"{question}?", "size": "sm"}]
    if rows:
        texts = [{"type": "Text", "value": row, "size": "sm"} for row in rows]
        children.append({"type": "Col", "gap": 1, "children": texts})
    return {
        "type": "Card",
        "key": PENDING_CARD,
        "size": "sm",
        "children": [
            *children,
            {"type": "Caption", "value": " ".join(notes)},
            {"type": "Row", "gap": 2, "justify": "end", "children": buttons},
        ],
    }


def deletes(pending: PendingOperation) -> bool:
    """Return whether an operation deletes a task or a list."""
    return isinstance(pending.operation, DeleteOperation | DeleteListOperation)


def pending_id_of(card: Mapping[str, Any]) -> str | None:
    """Return the ID of the pending change that a card asks about; None for other cards."""
    actions = [card.get("confirm") or {}]  # of cards stored by earlier releases
    actions += [
        {"action": part.get("onClickAction")}
        for row in card.get("children") or ()
        for part in row.get("children") or ()
    ]
    for each in actions:
        action = each.get("action") or {}
        if action.get("type") == CONFIRM:
            return str((action.get("payload") or {}).get("pending_id"))
    return None


def confirmed_card(
    pending: PendingChange, zone: ZoneInfo, today: date, list_names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the card with the outcome of a confirmation, and an undo."""
    outcome = pending.outcome
    if outcome is None or not (outcome.tasks or outcome.lists):
        return message_card(f"Nothing was changed. {skipped_text(outcome)}".strip())
    skipped = {(each.title, each.number) for each in outcome.left}
    done = [each for each in pending.operations if (each.title, each.number) not in skipped]
    plan = planned_tasks(done, zone)
    if plan:
        return accepted_plan_card(plan, today, outcome.group_id, note=skipped_text(outcome))
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
    change = kinds.pop() if len(kinds) == 1 else ("mixed", "")
    if change == ("mixed", "") and any(not each.number for each in operations):
        return f"{'Made' if is_done else 'Make'} these {len(operations)} changes"
    what = "this task" if len(operations) == 1 else f"{len(operations)} tasks"
    at = _shared_time(operations, zone)
    return _phrase(change, what, today, list_names, at, is_done=is_done)


def _list_sentence(pending: PendingOperation, *, is_done: bool) -> str:
    verb = "Deleted" if is_done else "Delete"
    tasks = plural(pending.count or 0, "open task")
    operation = pending.operation
    if isinstance(operation, DeleteListOperation) and operation.tasks == "delete":
        return f"{verb} the list “{pending.title}” with its {tasks}"
    move = "moved" if is_done else "move"
    return f"{verb} the list “{pending.title}” and {move} its {tasks} to your default list"


def _phrase(
    change: tuple[str, str],
    what: str,
    today: date,
    list_names: Mapping[str, str],
    at: str,
    *,
    is_done: bool,
) -> str:
    """Return a change (see `_kind`) of a task, or of several, as a phrase.

    Args:
        at: time of day of a new due date; empty if it has none, or tasks have different ones.
    """
    kind, value = change
    if kind == "list_id":
        value = list_names.get(value, "another list")
    elif kind == "priority" and value == "none":
        value = "no"
    elif kind == "due":
        value = day_text(date.fromisoformat(value), today) + (f" at {at}" if at else "")
    return _PHRASES[kind][is_done].format(what=what, value=value)


def _shared_time(operations: Sequence[PendingOperation], zone: ZoneInfo) -> str:
    """Return the time of day, HH:MM, that operations give all tasks; empty if there is none."""
    times = set()
    for each in operations:
        due = each.operation.changes.due if isinstance(each.operation, UpdateOperation) else None
        at = due.at if isinstance(due, Due) else None
        times.add("" if at is None else f"{at.astimezone(zone):%H:%M}")
    return times.pop() if len(times) == 1 else ""


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

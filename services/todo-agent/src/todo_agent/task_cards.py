"""Cards about tasks: one to edit, deleted ones to bring back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from todo_agent.action_payloads import (
    DELETE,
    SAVE,
    TOGGLE,
    UNDO,
    click,
)
from todo_agent.instructions import zone
from todo_agent.widgets import PRIORITY_COLORS, due_text
from todochat.contracts.tasks import Task, TaskList

TASK_CARD: Final = "task-card"
DELETED_CARD: Final = "deleted-card"
MESSAGE_CARD: Final = "message-card"
MAX_NAMED: Final = 10
PRIORITIES: Final = ("none", *PRIORITY_COLORS)


def task_card(task: Task, lists: Sequence[TaskList], timezone: str) -> dict[str, Any]:
    """Return a task as a form."""
    is_done = task.completed_at is not None
    state = "Done" if is_done else "Open"
    about = " · ".join(
        part for part in (f"#{task.number}", state, due_text(task, timezone)) if part
    )
    due = due_day(task, timezone)
    fields: list[dict[str, Any]] = [
        {"type": "Input", "name": "title", "defaultValue": task.title, "required": True},
        # A component's empty value is left out: none is said at all.
        {
            "type": "DatePicker",
            "name": "due",
            "clearable": True,
            "placeholder": "No date",
            **({"defaultValue": f"{due}T00:00:00"} if due else {}),
        },
        _select("priority", task.priority, [(name, name.capitalize()) for name in PRIORITIES]),
        _select("list_id", task.list_id, [(entry.id, entry.name) for entry in lists]),
    ]
    labels = ("Title", "Due", "Priority", "List")
    form = [
        {
            "type": "Col",
            "gap": 1,
            "children": [{"type": "Label", "value": label, "fieldName": field["name"]}, field],
        }
        for label, field in zip(labels, fields, strict=True)
    ]
    toggle = click(TOGGLE, streaming=False, task_id=task.id, completed=not is_done)
    buttons = [
        button("Open again" if is_done else "Mark as done", toggle),
        button("Delete", click(DELETE, task_id=task.id), color="danger"),
    ]
    return {
        "type": "Card",
        "key": TASK_CARD,
        "size": "md",
        "asForm": True,
        "children": [
            {"type": "Caption", "value": about},
            *form,
            {"type": "Row", "gap": 2, "children": buttons},
        ],
        "confirm": {"label": "Save", "action": click(SAVE, task_id=task.id)},
    }


def deleted_card(tasks: Mapping[str, str], turn_id: str) -> dict[str, Any]:
    """Return what is left of tasks that a turn deleted, by id with their titles: a way back."""
    undo = click(UNDO, group_id=turn_id, task_ids=list(tasks))
    row = {
        "type": "Row",
        "align": "center",
        "gap": 2,
        "children": [
            {"type": "Text", "value": f"Deleted {_named(tasks)}"},
            {"type": "Spacer"},
            button("Undo", undo),
        ],
    }
    return {"type": "Card", "key": DELETED_CARD, "size": "sm", "children": [row]}


def message_card(text: str) -> dict[str, Any]:
    """Return a card that says something and asks for nothing more."""
    return {
        "type": "Card",
        "key": MESSAGE_CARD,
        "size": "sm",
        "children": [{"type": "Text", "value": text}],
    }


def due_day(task: Task, timezone: str) -> str | None:
    """Return the day on which a task is due in the person's zone, YYYY-MM-DD."""
    due = task.due
    if due is None:
        return None
    day = due.date if due.at is None else due.at.astimezone(zone(timezone)).date()
    return None if day is None else day.isoformat()


def titles_in(card: Mapping[str, Any]) -> str:
    """Return a card's words, for the person to copy."""
    texts: list[str] = []
    _collect(card, texts)
    return "\n".join(texts)


def _collect(component: Mapping[str, Any], texts: list[str]) -> None:
    if component.get("type") in {"Text", "Title"}:
        texts.append(str(component["value"]))
    for child in component.get("children") or ():
        _collect(child, texts)


def _named(tasks: Mapping[str, str]) -> str:
    if len(tasks) == 1:
        return f"“{next(iter(tasks.values()))}”"
    return f"{len(tasks)} tasks"


def _select(name: str, value: str, options: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "Select",
        "name": name,
        "defaultValue": value,
        "options": [{"value": each, "label": label} for each, label in options],
    }


def button(label: str, action: dict[str, Any], **looks: str) -> dict[str, Any]:
    """Return a small button."""
    return {
        "type": "Button",
        "label": label,
        "size": "sm",
        "variant": "outline",
        "onClickAction": action,
        **looks,
    }

"""Cards about tasks: a form to edit one, an undo for deleted ones, and plain messages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from todo_agent.action_payloads import (
    DELETE,
    SAVE,
    TOGGLE,
    UNDO,
    click,
)
from todo_agent.task_list_widget import DELETED, PRIORITY_COLORS, due_text
from todo_agent.zones import zone
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
        # Omit an empty default value; the component has no form for it.
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
        button("Reopen" if is_done else "Mark as done", toggle),
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
    """Return a card with an undo for tasks that a turn deleted.

    Args:
        tasks: titles by ID.
    """
    (title, *others) = tasks.values()
    deleted = f"{len(tasks)} tasks" if others else f"“{title}”"
    undo = click(UNDO, group_id=turn_id, task_ids=list(tasks))
    row = {
        "type": "Row",
        "align": "center",
        "gap": 2,
        "children": [
            {"type": "Text", "value": f"Deleted {deleted}"},
            {"type": "Spacer"},
            button("Undo", undo),
        ],
    }
    return {"type": "Card", "key": DELETED_CARD, "size": "sm", "children": [row]}


def form_task_id(card: Mapping[str, Any]) -> str | None:
    """Return the ID of the task in a form; None if the card has no form."""
    payload = ((card.get("confirm") or {}).get("action") or {}).get("payload") or {}
    task_id = payload.get("task_id")
    return task_id if isinstance(task_id, str) else None


def gone_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's form as the card of a deleted task."""
    fields = [part for column in card["children"] for part in column.get("children") or ()]
    titles = [part.get("defaultValue") for part in fields if part.get("name") == "title"]
    title = str(titles[0] or "") if titles else ""
    struck = {"type": "Text", "value": title, "lineThrough": True, "color": "secondary"}
    return {
        "type": "Card",
        "key": MESSAGE_CARD,
        "size": "sm",
        "children": [*([struck] if title else []), {"type": "Caption", "value": DELETED}],
    }


def message_card(text: str) -> dict[str, Any]:
    """Return a card with a message and no buttons."""
    return {
        "type": "Card",
        "key": MESSAGE_CARD,
        "size": "sm",
        "children": [{"type": "Text", "value": text}],
    }


def due_day(task: Task, timezone: str) -> str | None:
    """Return the day on which a task is due in the user's time zone, YYYY-MM-DD."""
    due = task.due
    if due is None:
        return None
    day = due.date if due.at is None else due.at.astimezone(zone(timezone)).date()
    return None if day is None else day.isoformat()


def titles_in(card: Mapping[str, Any]) -> str:
    """Return a card's texts and titles as plain text, for copying."""
    own = [str(card["value"])] if card.get("type") in {"Text", "Title"} else []
    nested = [titles_in(child) for child in card.get("children") or ()]
    return "\n".join([*own, *filter(None, nested)])


def _select(name: str, value: str, options: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "Select",
        "name": name,
        "defaultValue": value,
        "options": [{"value": option, "label": label} for option, label in options],
    }


def button(label: str, action: dict[str, Any], **style: str) -> dict[str, Any]:
    """Return a small button."""
    return {
        "type": "Button",
        "label": label,
        "size": "sm",
        "variant": "outline",
        "onClickAction": action,
        **style,
    }

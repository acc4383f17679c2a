"""The form of a task: to edit it, to add one, and the card of what was saved."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from todo_agent.action_payloads import ADD, CLOSE, DELETE, OPEN, SAVE, TOGGLE, UNDO, click
from todo_agent.cards import MESSAGE_CARD, button, deleted_texts, due_text
from todo_agent.task_list_widget import PRIORITY_COLORS
from todo_agent.zones import zone
from todochat.contracts.tasks import Task, TaskList

TASK_CARD: Final = "task-card"
ADD_CARD: Final = "add-card"
SAVED_CARD: Final = "saved-card"
KEEP: Final = "keep"
TIME_PATTERN: Final = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
REPEATS: Final[Mapping[str, str]] = {
    "none": "Never",
    "FREQ=DAILY": "Every day",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "Every weekday",
    "FREQ=WEEKLY": "Every week",
    "FREQ=WEEKLY;INTERVAL=2": "Every 2 weeks",
    "FREQ=MONTHLY": "Every month",
    "FREQ=YEARLY": "Every year",
}
# Minutes before the due time.
REMINDERS: Final[Mapping[str, str]] = {
    "none": "None",
    "0": "When it is due",
    "10": "10 min before",
    "30": "30 min before",
    "60": "1 hour before",
    "1440": "1 day before",
}
PRIORITIES: Final = ("none", *PRIORITY_COLORS)


def task_card(task: Task, lists: Sequence[TaskList], timezone: str) -> dict[str, Any]:
    """Return a task as a form."""
    is_done = task.completed_at is not None
    state = "Done" if is_done else "Open"
    about = " · ".join(
        part for part in (f"#{task.number}", state, due_text(task, timezone)) if part
    )
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
            *_fields(task, lists, timezone),
            {"type": "Row", "gap": 2, "children": buttons},
        ],
        "confirm": {
            "label": "Save",
            "action": click(SAVE, task_id=task.id, shown=shown_values(task, timezone)),
        },
        "cancel": {"label": "Cancel", "action": click(CLOSE, task_id=task.id)},
    }


def add_card(lists: Sequence[TaskList]) -> dict[str, Any]:
    """Return an empty form that adds a task."""
    return {
        "type": "Card",
        "key": ADD_CARD,
        "size": "md",
        "asForm": True,
        "children": [
            {"type": "Title", "value": "New task", "size": "sm"},
            *_fields(None, lists, "UTC"),
        ],
        "confirm": {"label": "Save", "action": click(ADD)},
        "cancel": {"label": "Cancel", "action": click(CLOSE)},
    }


def _fields(task: Task | None, lists: Sequence[TaskList], timezone: str) -> list[dict[str, Any]]:
    """Return the labelled fields of a form, empty without a task."""
    title: dict[str, Any] = {"type": "Input", "name": "title", "required": True}
    day: dict[str, Any] = {"type": "DatePicker", "name": "due", "clearable": True}
    day["placeholder"] = "No date"
    at = {"type": "Input", "name": "time", "placeholder": "Any time", "pattern": TIME_PATTERN}
    tags = {"type": "Input", "name": "tags", "placeholder": "Separated by commas"}
    if task is None:
        title |= {"placeholder": "What needs doing?", "autoFocus": True}
        list_id = next((each.id for each in lists if each.is_default), "")
        values = {"list_id": list_id, "priority": "none", "repeat": "none", "reminder": "none"}
    else:
        values = shown_values(task, timezone)
    # Omit empty default values; the component has no form for them.
    for field in (title, at, tags):
        if field["name"] in values:
            field["defaultValue"] = values[field["name"]]
    day |= {"defaultValue": f"{values['due']}T00:00:00"} if "due" in values else {}
    rows = [
        {"Title": title},
        {"Date": day, "Time": at},
        {
            "Repeat": _select("repeat", values["repeat"], REPEATS),
            "Reminder": _select("reminder", values["reminder"], REMINDERS),
        },
        {
            "List": _select("list_id", values["list_id"], {each.id: each.name for each in lists}),
            "Priority": _select(
                "priority", values["priority"], {name: name.capitalize() for name in PRIORITIES}
            ),
        },
        {"Tags": tags},
    ]
    drawn = []
    for row in rows:
        columns = []
        for label, field in row.items():
            named = {"type": "Label", "value": label, "fieldName": field["name"]}
            columns.append({"type": "Col", "gap": 1, "flex": 1, "children": [named, field]})
        side_by_side = {"type": "Row", "gap": 3, "align": "start", "children": columns}
        drawn.append(side_by_side if len(columns) > 1 else columns[0])
    return drawn


def shown_values(task: Task, timezone: str) -> dict[str, str]:
    """Return the values that the fields of a task's form have at first; empty ones are missing."""
    values = {
        "title": task.title,
        "due": due_day(task, timezone),
        "time": due_time(task, timezone),
        "repeat": repeat_choice(task),
        "reminder": reminder_choice(task),
        "list_id": task.list_id,
        "priority": task.priority,
        "tags": ", ".join(task.tags),
    }
    return {name: value for name, value in values.items() if value}


def _select(name: str, value: str, options: Mapping[str, str]) -> dict[str, Any]:
    """Return a select; a value without an option is kept as it is."""
    shown = {KEEP: "Custom", **options} if value == KEEP else options
    return {
        "type": "Select",
        "name": name,
        "defaultValue": value,
        "options": [{"value": option, "label": label} for option, label in shown.items()],
    }


def saved_card(
    task: Task, verb: str, list_names: Mapping[str, str], timezone: str, group_id: str
) -> dict[str, Any]:
    """Return the card that confirms what a form did, with Undo and Edit.

    Args:
        verb: such as "Added".
        group_id: of the form's changes.
    """
    details = [
        f"#{task.number}",
        list_names.get(task.list_id, ""),
        due_text(task, timezone),
        REPEATS.get(task.repeat.rule, "Repeats") if task.repeat is not None else "",
        f"{task.priority.capitalize()} priority" if task.priority != "none" else "",
        *(f"#{tag}" for tag in task.tags),
    ]
    summary = f"{verb} “{task.title}”"
    texts = [
        {"type": "Text", "value": summary, "weight": "semibold"},
        {"type": "Caption", "value": " · ".join(filter(None, details))},
    ]
    buttons = [
        button("Undo", click(UNDO, group_id=group_id, summary=summary)),
        button("Edit", click(OPEN, task_id=task.id)),
    ]
    return {
        "type": "Card",
        "key": SAVED_CARD,
        "size": "sm",
        "children": [
            {"type": "Col", "gap": 1, "children": texts},
            {"type": "Row", "gap": 2, "children": buttons},
        ],
    }


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
    return {"type": "Card", "key": MESSAGE_CARD, "size": "sm", "children": deleted_texts(title)}


def due_day(task: Task | None, timezone: str) -> str | None:
    """Return the day on which a task is due in the user's time zone, YYYY-MM-DD."""
    if task is None or task.due is None:
        return None
    due = task.due
    day = due.date if due.at is None else due.at.astimezone(zone(timezone)).date()
    return None if day is None else day.isoformat()


def due_time(task: Task | None, timezone: str) -> str | None:
    """Return the time of day at which a task is due in the user's time zone, HH:MM."""
    if task is None or task.due is None or task.due.at is None:
        return None
    return f"{task.due.at.astimezone(zone(timezone)):%H:%M}"


def repeat_choice(task: Task) -> str:
    """Return the option of a form for a task's repetition; KEEP for one that has no option."""
    if task.repeat is None:
        return "none"
    repeat = task.repeat
    is_plain = repeat.base == "due" and repeat.until is None and repeat.count is None
    return repeat.rule if is_plain and repeat.rule in REPEATS else KEEP


def reminder_choice(task: Task) -> str:
    """Return the option of a form for a task's reminders; KEEP for those that have no option."""
    if not task.reminders:
        return "none"
    minutes = str(task.reminders[0].minutes_before)
    return minutes if len(task.reminders) == 1 and minutes in REMINDERS else KEEP

"""The list of tasks that the person sees in the chat."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from chatkit.widgets import DynamicWidgetRoot

from todo_agent.agent.instructions import zone
from todo_agent.agent.tasks_client import TaskView

SHOWN_AT_FIRST: Final = 10  # the rest is behind "Show more"
PRIORITY_COLORS: Final[Mapping[str, str]] = {
    "low": "secondary",
    "medium": "warning",
    "high": "danger",
}


def task_list(
    tasks: Sequence[TaskView], list_names: Mapping[str, str], timezone: str
) -> DynamicWidgetRoot:
    """Build a ListView with a row for each task."""
    rows = [_row(task, list_names.get(task.list_id, ""), timezone) for task in tasks]
    return DynamicWidgetRoot.model_validate(
        {"type": "ListView", "limit": SHOWN_AT_FIRST, "children": rows}
    )


def as_text(tasks: Sequence[TaskView]) -> str:
    """What is copied when the person copies the list."""
    return "\n".join(f"- [{'x' if task.completed_at else ' '}] {task.title}" for task in tasks)


def _row(task: TaskView, list_name: str, timezone: str) -> dict[str, Any]:
    is_done = task.completed_at is not None
    about = " · ".join(
        part for part in (f"#{task.number}", list_name, _due(task, timezone)) if part
    )
    title = {"type": "Text", "value": task.title, "lineThrough": is_done}
    texts = {
        "type": "Col",
        "flex": 1,
        "children": [title, {"type": "Caption", "value": about}],
    }
    badges = []
    if task.priority in PRIORITY_COLORS:
        color = PRIORITY_COLORS[task.priority]
        badges.append({"type": "Badge", "label": task.priority, "color": color})
    icon = {"type": "Icon", "name": "check-circle-filled" if is_done else "empty-circle"}
    return {"type": "ListViewItem", "key": task.id, "children": [icon, texts, *badges]}


def _due(task: TaskView, timezone: str) -> str:
    due = task.due
    if due is None:
        return ""
    if "at" in due:
        at = datetime.fromisoformat(due["at"]).astimezone(zone(timezone))
        return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"
    day = date.fromisoformat(due["date"])
    return f"{day:%a} {day.day} {day:%b}"

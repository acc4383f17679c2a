"""The list of tasks in the chat, with a checkbox for each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from chatkit.widgets import DynamicWidgetRoot

from todo_agent.action_payloads import OPEN, PAGE, TOGGLE, click
from todo_agent.zones import zone
from todochat.contracts.tasks import Task

TASK_LIST: Final = "task-list"
PAGES: Final = "pages"  # key of the row that turns pages
PAGE_SIZE: Final = 10
DELETED: Final = "No longer exists"
PRIORITY_COLORS: Final[Mapping[str, str]] = {
    "low": "secondary",
    "medium": "warning",
    "high": "danger",
}


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a search's result.

    Args:
        query: parameters of `GET /tasks`, without limit and cursor.
        page: from 0.
        total: None if there are more tasks than were counted.
    """

    query: Mapping[str, str]
    page: int
    total: int | None


def task_list(
    tasks: Sequence[Task],
    list_names: Mapping[str, str],
    timezone: str,
    *,
    pages: Pages | None = None,
) -> DynamicWidgetRoot:
    """Return a ListView with a row per task.

    Args:
        pages: the part of a search's result that the tasks are; adds a row that shows others.
            Without it, all rows after the tenth are behind "Show more".
    """
    rows = [_row(task, list_names.get(task.list_id, ""), timezone) for task in tasks]
    root: dict[str, Any] = {"type": "ListView", "key": TASK_LIST, "children": rows}
    if pages is None or (pages.total is not None and pages.total <= PAGE_SIZE and not pages.page):
        return widget({**root, "limit": PAGE_SIZE})
    return widget({**root, "children": [*rows, _page_row(pages, len(rows))]})


def widget(root: dict[str, Any]) -> DynamicWidgetRoot:
    """Build a widget from plain data, since ChatKit's named classes are deprecated."""
    return DynamicWidgetRoot.model_validate(root)


def with_task(
    root: dict[str, Any], task: Task, list_names: Mapping[str, str], timezone: str
) -> dict[str, Any]:
    """Return the list with a task's row updated.

    A row with a newer state is kept, since clicks can finish out of order.
    """
    version = msgspec.to_builtins(task.updated_at)
    row = _row(task, list_names.get(task.list_id, ""), timezone)
    rows = [
        row if old.get("key") == task.id and _version(old) <= version else old
        for old in root["children"]
    ]
    return {**root, "children": rows}


def without_task(root: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Return the list with a task's row marked as deleted."""
    rows = [_deleted_row(old) if old.get("key") == task_id else old for old in root["children"]]
    return {**root, "children": rows}


def with_tasks(
    root: dict[str, Any],
    states: Mapping[str, Task | None],
    list_names: Mapping[str, str],
    timezone: str,
) -> dict[str, Any]:
    """Return the list with the current state of its tasks.

    Args:
        states: the tasks by ID, None for a deleted one; other rows stay as they are.
    """
    rows = []
    for old in root["children"]:
        task_id = old.get("key")
        if task_id not in states:
            rows.append(old)
        elif (task := states[task_id]) is None:
            rows.append(_deleted_row(old))
        else:
            rows.append(_row(task, list_names.get(task.list_id, ""), timezone))
    return {**root, "children": rows}


def as_text(tasks: Sequence[Task]) -> str:
    """Return tasks as Markdown, for copying."""
    return "\n".join(_markdown_item(task.title, task.completed_at is not None) for task in tasks)


def rows_as_text(root: Mapping[str, Any]) -> str:
    """Return a displayed list as Markdown, for copying."""
    boxes = [row["children"][0] for row in root["children"]]
    return "\n".join(
        _markdown_item(box["label"], bool(box["defaultChecked"]))
        for box in boxes
        if box["type"] == "Checkbox"
    )


def due_text(task: Task, timezone: str) -> str:
    """Return the due date in the user's time zone as text; empty if there is none."""
    due = task.due
    if due is None:
        return ""
    if due.at is not None:
        at = due.at.astimezone(zone(timezone))
        return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"
    day = due.date
    if day is None:
        return ""
    return f"{day:%a} {day.day} {day:%b}"


def _markdown_item(title: str, is_done: bool) -> str:
    return f"- [{'x' if is_done else ' '}] {title}"


def _row(task: Task, list_name: str, timezone: str) -> dict[str, Any]:
    is_done = task.completed_at is not None
    about = " · ".join(
        part for part in (f"#{task.number}", list_name, due_text(task, timezone)) if part
    )
    box = {
        "type": "Checkbox",
        # The key depends on the state, so that clients which keep a box's state redraw it.
        "key": f"{task.id}:{'done' if is_done else 'open'}",
        "name": "completed",
        "label": task.title,
        "defaultChecked": is_done,
        "onChangeAction": click(
            TOGGLE,
            streaming=False,
            task_id=task.id,
            completed=not is_done,
            version=msgspec.to_builtins(task.updated_at),
        ),
    }
    badges = []
    if task.priority in PRIORITY_COLORS:
        color = PRIORITY_COLORS[task.priority]
        badges.append({"type": "Badge", "label": task.priority, "color": color})
    edit = {
        "type": "Button",
        "label": "Edit",
        "size": "sm",
        "variant": "ghost",
        "onClickAction": click(OPEN, task_id=task.id),
    }
    caption = {"type": "Caption", "value": about}
    children = [box, caption, *badges, {"type": "Spacer"}, edit]
    return {"type": "ListViewItem", "key": task.id, "children": children}


def _page_row(pages: Pages, shown: int) -> dict[str, Any]:
    """Return the row that says which part is shown, with buttons for the parts around it."""
    first = pages.page * PAGE_SIZE
    last = first + shown
    total = "many" if pages.total is None else str(pages.total)
    text = f"{first + 1} to {last} of {total}" if shown else f"No more tasks; {total} in all"
    is_last = pages.total is not None and last >= pages.total

    def turn(label: str, page: int, icon: str, *, is_off: bool) -> dict[str, Any]:
        action = click(PAGE, streaming=False, query=dict(pages.query), page=max(0, page))
        return {
            "type": "Button",
            "label": label,
            "size": "sm",
            "variant": "outline",
            "onClickAction": action,
            "disabled": is_off,
            icon: f"chevron-{'left' if icon == 'iconStart' else 'right'}",
        }

    children = [
        {"type": "Caption", "value": text},
        {"type": "Spacer"},
        turn("Previous", pages.page - 1, "iconStart", is_off=pages.page == 0),
        turn("Next", pages.page + 1, "iconEnd", is_off=is_last),
    ]
    return {"type": "ListViewItem", "key": PAGES, "gap": 2, "align": "center", "children": children}


def _version(row: Mapping[str, Any]) -> str:
    """Return when the row's task was last changed; "" for a row of a deleted task."""
    action = row["children"][0].get("onChangeAction") or {}
    return str((action.get("payload") or {}).get("version") or "")


def _deleted_row(row: Mapping[str, Any]) -> dict[str, Any]:
    title = str(row["children"][0].get("label") or "")
    if not title:  # it is marked already
        return dict(row)
    texts = [
        {"type": "Text", "value": title, "lineThrough": True, "color": "secondary"},
        {"type": "Caption", "value": DELETED},
    ]
    return {"type": "ListViewItem", "key": row["key"], "children": texts}

"""The list of tasks in the chat, with a checkbox for each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from chatkit.widgets import DynamicWidgetRoot

from todo_agent.action_payloads import OPEN, PAGE, TOGGLE, click
from todo_agent.cards import button, deleted_texts, due_text, widget
from todochat.contracts.tasks import Task

TASK_LIST: Final = "task-list"
PAGES: Final = "pages"  # key of the row that turns pages
PAGE_SIZE: Final = 10
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


def with_task(
    root: dict[str, Any], task: Task, list_names: Mapping[str, str], timezone: str
) -> dict[str, Any]:
    """Return the list with a task's row updated.

    A row with a newer state is kept, since clicks can finish out of order.
    """
    version = msgspec.to_builtins(task.updated_at)
    rows = list(root["children"])
    for index, old in enumerate(rows):
        toggle = old["children"][0].get("onChangeAction") or {}  # none in a row of a deleted task
        shown = str((toggle.get("payload") or {}).get("version") or "")
        if old.get("key") == task.id and shown <= version:
            rows[index] = _row(task, list_names.get(task.list_id, ""), timezone)
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
    edit = button("Edit", click(OPEN, task_id=task.id), variant="ghost")
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

    def turn_to(page: int) -> dict[str, Any]:
        return click(PAGE, streaming=False, query=dict(pages.query), page=max(0, page))

    children = [
        {"type": "Caption", "value": text},
        {"type": "Spacer"},
        button(
            "Previous",
            turn_to(pages.page - 1),
            disabled=pages.page == 0,
            iconStart="chevron-left",
        ),
        button("Next", turn_to(pages.page + 1), disabled=is_last, iconEnd="chevron-right"),
    ]
    return {"type": "ListViewItem", "key": PAGES, "gap": 2, "align": "center", "children": children}


def _deleted_row(row: Mapping[str, Any]) -> dict[str, Any]:
    title = str(row["children"][0].get("label") or "")
    if not title:  # it is marked already
        return dict(row)
    return {"type": "ListViewItem", "key": row["key"], "children": deleted_texts(title)}

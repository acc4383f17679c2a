"""Tools that find and show tasks, and the selection of tasks to change."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from task_tools.arguments import (
    FindTasksArguments,
    InvalidArgumentsError,
    NoArguments,
    ShowTaskArguments,
)
from task_tools.references import UnresolvedReferenceError
from task_tools.tool_spec import OPEN_FIRST, FoundTasks, NewTask, ShownTask, ToolOutcome
from task_tools.tool_tasks import RecordedTask, ToolTasks
from todochat.contracts.tasks import ListPage, TaskList, TaskPage
from todochat.http.client import UpstreamProblemError

PAGE_LIMIT: Final = 200  # the service's maximum
DEFAULT_LIMIT: Final = 50
INVALID_FILTER: Final = "invalid-filter"
FILTER_HINT: Final = (
    "Correct the filter and call the tool again. Compare a field with a value, such as "
    "due <= tomorrow, list = Work, tag = home, priority >= medium, title contains rent; "
    "join conditions by & or |. Put names with special characters in quotes."
)
_BY_DUE: Final = re.compile(r"\b(?:due|overdue)\b")


async def find_tasks(tasks: ToolTasks, arguments: FindTasksArguments) -> ToolOutcome:
    """Find tasks, a page at a time."""
    limit = max(1, min(arguments.limit or DEFAULT_LIMIT, PAGE_LIMIT))
    params = {"limit": str(limit), "timezone": tasks.zone.key, **_order(arguments)}
    optional = {"filter": arguments.filter, "q": arguments.text, "cursor": arguments.cursor}
    params |= {name: value for name, value in optional.items() if value is not None}
    page = await _read_page(tasks, params)
    total, has_more = len(page.items), False
    if page.next_cursor is not None or arguments.cursor is not None:
        # The page alone doesn't say how many there are.
        uncounted = {name: value for name, value in params.items() if name != "cursor"}
        counted = await _read_page(tasks, {**uncounted, "limit": str(PAGE_LIMIT)})
        total, has_more = len(counted.items), counted.next_cursor is not None
    output = {
        "ok": True,
        "tasks": await tasks.describe_tasks(page.items),
        "total": total,
        **({"more": True} if has_more else {}),
        **({"next_cursor": page.next_cursor} if page.next_cursor else {}),
    }
    if not page.items:
        return ToolOutcome(output)
    return ToolOutcome(output, FoundTasks(page.items, params, total, page.next_cursor))


async def show_task(tasks: ToolTasks, arguments: ShowTaskArguments) -> ToolOutcome:
    """Show a task as a form that the user can edit, or an empty form."""
    if arguments.task is None:
        note = "An empty form is shown; the task is added when the user saves it."
        return ToolOutcome({"ok": True, "note": note}, NewTask((await tasks.get_lists()).items))
    task = await tasks.resolve_task(arguments.task, OPEN_FIRST)
    output = {"ok": True, "task": await tasks.describe_task(task)}
    return ToolOutcome(output, ShownTask(task, (await tasks.get_lists()).items))


async def find_lists(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """List the lists with their sections."""
    page = await tasks.client.read(tasks.caller, "/lists", ListPage)
    sections: dict[str, list[str]] = {}
    for section in await tasks.get_sections():
        sections.setdefault(section.list_id, []).append(section.name)
    return ToolOutcome(
        {"ok": True, "lists": [list_summary(each, sections.get(each.id)) for each in page.items]}
    )


def list_summary(entry: TaskList, sections: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a list as the model gets it; rare fields only if they are set."""
    rare = {
        "color": entry.color,
        "icon": entry.icon,
        "archived": entry.archived_at is not None,
        "sections": sections,
    }
    return {
        "name": entry.name,
        "open_tasks": entry.open_tasks,
        "is_default": entry.is_default,
        **{name: value for name, value in rare.items() if value},
    }


async def select_tasks(
    tasks: ToolTasks,
    references: Sequence[str | int] | None,
    filter_text: str | None,
    statuses: Sequence[str],
) -> list[RecordedTask]:
    """Return the tasks that a call names, or that its filter selects; the same in every attempt.

    Args:
        statuses: statuses of tasks that words can match, in order of preference. A filter selects
            tasks of the first one, unless it compares the status.

    Raises:
        InvalidArgumentsError: not exactly one of `references` and `filter_text` is given.
        UnresolvedReferenceError: a reference or the filter has no certain meaning, or no task
            matches, or more than 200.
    """
    if (references is None) == (filter_text is None):
        msg = "give either tasks or filter"
        raise InvalidArgumentsError(msg)
    if references is not None:
        return await tasks.resolve_tasks(references, statuses)
    params = {
        "filter": filter_text or "",
        "timezone": tasks.zone.key,
        "limit": str(PAGE_LIMIT),
        "sort": "created",
        "order": "asc",
        **({"status": "completed"} if statuses[0] == "completed" else {}),
    }

    async def select() -> bytes:
        page = await _read_page(tasks, params)
        if page.next_cursor is not None:
            msg = f"More than {PAGE_LIMIT} tasks match; change fewer at once."
            raise UnresolvedReferenceError("too-many-tasks", msg)
        if not page.items:
            msg = "No task matches the filter; nothing was changed."
            raise UnresolvedReferenceError("no-task-matches", msg)
        return msgspec.json.encode(page.items)

    return msgspec.json.decode(await tasks.host.once("targets", select), type=list[RecordedTask])


def _order(arguments: FindTasksArguments) -> dict[str, str]:
    if arguments.sort is not None:
        return {"sort": arguments.sort}
    if arguments.text is not None:
        return {"sort": "relevance"}
    by_due = _BY_DUE.search((arguments.filter or "").casefold()) is not None
    return {"sort": "due" if by_due else "created", "order": "asc"}


async def _read_page(tasks: ToolTasks, params: dict[str, str]) -> TaskPage:
    """Read a page of tasks.

    Raises:
        UnresolvedReferenceError: the filter isn't understood.
    """
    try:
        return await tasks.client.read(tasks.caller, "/tasks", TaskPage, params)
    except UpstreamProblemError as problem:
        if problem.code != INVALID_FILTER:
            raise
        expected = problem.extensions.get("expected") or []
        if expected == ["the name of a list"]:
            names = list((await tasks.get_list_names()).values())
            raise UnresolvedReferenceError("list-not-found", problem.detail, lists=names) from None
        if expected == ["the name of a section"]:
            names = sorted({section.name for section in await tasks.get_sections()})
            raise UnresolvedReferenceError(
                "section-not-found", problem.detail, sections=names
            ) from None
        raise UnresolvedReferenceError(
            INVALID_FILTER,
            f"{problem.detail} {FILTER_HINT}",
            column=problem.extensions.get("column"),
            expected=expected,
        ) from None

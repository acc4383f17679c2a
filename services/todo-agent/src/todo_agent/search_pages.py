"""Pages of a search's result: the first one of a tool's result, and the clicks that turn them."""

from collections.abc import Mapping
from typing import Any, Final

from task_tools.tool_spec import FoundTasks
from task_tools.tool_tasks import ToolTasks
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload
from todo_agent.card_click import CardClick
from todo_agent.task_list_widget import PAGE_SIZE, Pages, task_list
from todochat.contracts.tasks import Task, TaskPage

BLOCK: Final = 200  # tasks of one request
MAX_BLOCKS: Final = 10  # requests of one click
_CURSOR_AND_LIMIT: Final = frozenset({"cursor", "limit"})


def first_page(view: FoundTasks) -> Pages | None:
    """Return the first page of a tool's result; None if all of it fits, or it isn't the first."""
    if "cursor" in view.query or view.total <= PAGE_SIZE:
        return None
    is_counted = view.next_cursor is None or view.total < BLOCK
    query = {name: value for name, value in view.query.items() if name not in _CURSOR_AND_LIMIT}
    return Pages(query=query, page=0, total=view.total if is_counted else None)


async def turn_page(click: CardClick, payload: Any) -> None:
    """Show another page of the result in the clicked list, as the tasks are now."""
    action = read_payload(payload, payloads.PageAction)
    tasks, query = click.tasks, {str(name): value for name, value in action.query.items()}
    rows, total = await read_rows(tasks, query, action.page * PAGE_SIZE)
    pages = Pages(query=query, page=action.page, total=total)
    names = await tasks.get_list_names()
    drawn = task_list(rows, names, tasks.zone.key, pages=pages)
    await click.redraw(lambda _: drawn.model_dump(mode="json", exclude_none=True))


async def read_rows(
    tasks: ToolTasks, query: Mapping[str, str], first: int
) -> tuple[list[Task], int | None]:
    """Return the rows of a page, and how many tasks there are; None if they weren't all counted.

    Rows are counted from the start, because the service's cursors only lead forward.
    """
    cursor: dict[str, str] = {}
    for block in range(MAX_BLOCKS):
        page = await tasks.client.read(
            tasks.caller, "/tasks", TaskPage, {**query, **cursor, "limit": str(BLOCK)}
        )
        start = block * BLOCK
        total = start + len(page.items) if page.next_cursor is None else None
        if first < start + BLOCK or page.next_cursor is None:
            return page.items[first - start : first - start + PAGE_SIZE], total
        cursor = {"cursor": page.next_cursor}
    return [], None

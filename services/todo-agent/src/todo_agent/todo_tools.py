"""The tools of the todo agent: what each one does with the tasks service."""

from typing import Any, Final

import msgspec

from todo_agent.card_tools import delete_task, restore_tasks, show_task
from todo_agent.change_tools import (
    ask_to_delete,
    change_tasks,
    confirm_changes,
    discard_changes,
    moved_due,
    undo,
)
from todo_agent.references import find_list
from todo_agent.tool_arguments import (
    AddTask,
    ChangeTasks,
    CreateList,
    DeletedTasks,
    DeleteList,
    InvalidArgumentsError,
    ListTasks,
    ManyTasks,
    NoArguments,
    OneTask,
    UpdateTask,
    due_of,
)
from todo_agent.tool_spec import CLOSED_FIRST, OPEN_FIRST, Outcome, ToolSpec
from todo_agent.tool_tasks import ToolTasks, summary
from todo_agent.widgets import as_text, task_list
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage

PAGE_LIMIT: Final = 200  # the service's longest page
DEFAULT_LIMIT: Final = 50


async def add_task(desk: ToolTasks, asked: AddTask) -> Outcome:
    """Make a task, and its list if need be."""
    body: dict[str, Any] = {"title": asked.title}
    if asked.list is not None:
        body["list_id"] = await desk.list_for(asked.list)
    due = due_of(asked.due_date, asked.due_at, desk.zone)
    optional = {
        "priority": asked.priority,
        "due": due,
        "notes": asked.notes,
        "tags": asked.tags,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    made = await desk.tasks.change(desk.caller, "POST", "/tasks", body)
    task = msgspec.json.decode(made, type=Task)
    return Outcome({"ok": True, "task": await desk.describe(task)})


async def list_tasks(desk: ToolTasks, asked: ListTasks) -> Outcome:
    """Read tasks and show them."""
    params = {"status": asked.status or "open", "limit": str(PAGE_LIMIT)}
    by_due = asked.overdue is not None or asked.due_from is not None or asked.due_to is not None
    params |= {"sort": "due" if by_due else "created", "order": "asc"}
    if asked.list is not None:
        params["list_id"] = find_list(await desk.lists(), asked.list).id
    if asked.overdue is not None:
        params["overdue"] = "true" if asked.overdue else "false"
    optional = {
        "priority": asked.priority,
        "tag": asked.tag,
        "due_from": asked.due_from,
        "due_to": asked.due_to,
        "q": asked.text,
    }
    params |= {name: value for name, value in optional.items() if value is not None}
    page = await desk.tasks.read(desk.caller, "/tasks", TaskPage, params)
    names = await desk.list_names()
    shown = page.items[: max(1, min(asked.limit or DEFAULT_LIMIT, PAGE_LIMIT))]
    output = {
        "ok": True,
        "tasks": [summary(task, names) for task in shown],
        "total": len(page.items),
        **({"more": True} if page.next_cursor else {}),
    }
    if not shown:
        return Outcome(output)
    return Outcome(output, task_list(shown, names, desk.zone.key), as_text(shown))


async def update_task(desk: ToolTasks, asked: UpdateTask) -> Outcome:
    """Change fields of a task."""
    if asked.due_at is not None or asked.clear_due:
        due = due_of(asked.due_date, asked.due_at, desk.zone)
    else:
        due = None
    optional = {
        "title": asked.title,
        "notes": asked.notes,
        "priority": asked.priority,
        "due": due,
        "tags": asked.tags,
        "completed": asked.completed,
    }
    body: dict[str, Any] = {name: value for name, value in optional.items() if value is not None}
    if asked.clear_due and due is None:
        body["due"] = None
    if asked.list is not None:
        body["list_id"] = await desk.list_for(asked.list)
    keeps_time = asked.due_date is not None and due is None
    if not body and not keeps_time:
        msg = "nothing to change was given"
        raise InvalidArgumentsError(msg)
    statuses = CLOSED_FIRST if asked.completed is False else OPEN_FIRST
    target = await desk.target(asked.task, statuses)
    if keeps_time and asked.due_date is not None:
        body["due"] = moved_due(target, asked.due_date, desk.zone)
    task = await desk.update(target.id, body)
    return Outcome({"ok": True, "task": await desk.describe(task)})


async def complete_task(desk: ToolTasks, asked: OneTask) -> Outcome:
    """Mark a task as done."""
    target = await desk.target(asked.task, OPEN_FIRST)
    operation = {"type": "update", "task_id": target.id, "changes": {"completed": True}}
    answer = await desk.change(operation, "POST", f"/tasks/{target.id}/complete")
    task = msgspec.json.decode(answer, type=Task)
    return Outcome({"ok": True, "task": await desk.describe(task)})


async def create_list(desk: ToolTasks, asked: CreateList) -> Outcome:
    """Make a list."""
    made = await desk.tasks.change(desk.caller, "POST", "/lists", {"name": asked.name})
    return await _lists(desk, msgspec.json.decode(made, type=TaskList))


async def list_lists(desk: ToolTasks, asked: NoArguments) -> Outcome:  # noqa: ARG001
    """Read the lists."""
    return await _lists(desk, None)


async def delete_list(desk: ToolTasks, asked: DeleteList) -> Outcome:
    """Have the deletion of a list wait for the person."""
    target = await desk.target_list(asked.list)
    if target.is_default:
        return Outcome(
            {"ok": False, "code": "default-list", "error": "The default list can't be deleted."}
        )
    operation = {"type": "delete-list", "list_id": target.id, "tasks": asked.tasks or "move"}
    raise await desk.held([operation])


async def _lists(desk: ToolTasks, about: TaskList | None) -> Outcome:
    page = await desk.tasks.read(desk.caller, "/lists", ListPage)
    output: dict[str, Any] = {"ok": True, "lists": [_list_summary(entry) for entry in page.items]}
    if about is not None:
        output["list"] = _list_summary(about)
    return Outcome(output)


def _list_summary(entry: TaskList) -> dict[str, Any]:
    return {
        "name": entry.name,
        "open_tasks": entry.open_tasks,
        "is_default": entry.is_default,
    }


SPECS: Final = (
    ToolSpec(
        "add_task",
        "Add one task.",
        AddTask,
        add_task,
        lambda asked: f"Adding “{asked.title}”…",
    ),
    ToolSpec(
        "list_tasks",
        "Find tasks and show them to the person.",
        ListTasks,
        list_tasks,
        lambda _: "Looking at your tasks…",
        changes=False,
    ),
    ToolSpec(
        "update_task",
        "Change a task: rename, move, reschedule, tag, complete or reopen it.",
        UpdateTask,
        update_task,
        lambda _: "Changing a task…",
    ),
    ToolSpec(
        "complete_task",
        "Mark one task as done.",
        OneTask,
        complete_task,
        lambda _: "Completing a task…",
    ),
    ToolSpec(
        "delete_task",
        "Delete one task. The person gets a button that brings it back.",
        OneTask,
        delete_task,
        lambda _: "Deleting a task…",
    ),
    ToolSpec(
        "ask_to_delete",
        "Ask the person whether several tasks may be deleted, with a card under the answer; "
        "nothing is deleted before they confirm.",
        ManyTasks,
        ask_to_delete,
        lambda _: "Looking at these tasks…",
        changes=False,
    ),
    ToolSpec(
        "change_tasks",
        "Change several tasks alike: reschedule, move, complete, reopen, prioritize or tag them. "
        "More than three are changed only once the person confirms it on a card.",
        ChangeTasks,
        change_tasks,
        lambda _: "Changing tasks…",
    ),
    ToolSpec(
        "confirm_changes",
        "Carry out what waits for a confirmation since the turn before. It works only if the "
        "person's message is a plain yes.",
        NoArguments,
        confirm_changes,
        lambda _: "Changing tasks…",
    ),
    ToolSpec(
        "discard_changes",
        "Drop what waits for a confirmation since the turn before, because the person said no.",
        NoArguments,
        discard_changes,
        lambda _: "Leaving everything as it is…",
        changes=False,
    ),
    ToolSpec(
        "undo",
        "Undo everything that the last turn changed, of any kind.",
        NoArguments,
        undo,
        lambda _: "Undoing the last changes…",
    ),
    ToolSpec(
        "restore_tasks",
        "Bring deleted tasks back.",
        DeletedTasks,
        restore_tasks,
        lambda _: "Bringing tasks back…",
    ),
    ToolSpec(
        "show_task",
        "Show one task as a form in which the person can change it.",
        OneTask,
        show_task,
        lambda _: "Looking at a task…",
        changes=False,
    ),
    ToolSpec(
        "create_list",
        "Make a list.",
        CreateList,
        create_list,
        lambda asked: f"Making the list “{asked.name}”…",
    ),
    ToolSpec(
        "list_lists",
        "Read the names of the lists and how many open tasks they have.",
        NoArguments,
        list_lists,
        lambda _: "Looking at your lists…",
        changes=False,
    ),
    ToolSpec(
        "delete_list",
        "Ask the person whether a list may be deleted, with a card under the answer.",
        DeleteList,
        delete_list,
        lambda _: "Looking at your lists…",
        changes=False,
    ),
)

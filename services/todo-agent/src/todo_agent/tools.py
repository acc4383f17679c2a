"""The assistant's tools: adding, listing and changing tasks and lists, and the table of all."""

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
from todo_agent.task_list_widget import as_text, task_list
from todo_agent.tool_arguments import (
    AddTaskArguments,
    ChangeTasksArguments,
    CreateListArguments,
    DeleteListArguments,
    DeleteTasksArguments,
    InvalidArgumentsError,
    ListTasksArguments,
    NoArguments,
    OneTaskArguments,
    RestoreTasksArguments,
    UpdateTaskArguments,
    to_wire_due,
)
from todo_agent.tool_spec import CLOSED_FIRST, OPEN_FIRST, ToolOutcome, ToolSpec
from todo_agent.tool_tasks import ToolTasks, task_summary
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage

PAGE_LIMIT: Final = 200  # the service's maximum
DEFAULT_LIMIT: Final = 50


async def add_task(tasks: ToolTasks, arguments: AddTaskArguments) -> ToolOutcome:
    """Create a task, and its list if it is missing."""
    body: dict[str, Any] = {"title": arguments.title}
    if arguments.list is not None:
        body["list_id"] = await tasks.get_or_create_list_id(arguments.list)
    due = to_wire_due(arguments.due_date, arguments.due_at, tasks.zone)
    optional = {
        "priority": arguments.priority,
        "due": due,
        "notes": arguments.notes,
        "tags": arguments.tags,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    response = await tasks.client.change(tasks.caller, "POST", "/tasks", body)
    task = msgspec.json.decode(response, type=Task)
    return ToolOutcome({"ok": True, "task": await tasks.describe_task(task)})


async def list_tasks(tasks: ToolTasks, arguments: ListTasksArguments) -> ToolOutcome:
    """List tasks and show them."""
    params = {"status": arguments.status or "open", "limit": str(PAGE_LIMIT)}
    by_due = (
        arguments.overdue is not None
        or arguments.due_from is not None
        or arguments.due_to is not None
    )
    params |= {"sort": "due" if by_due else "created", "order": "asc"}
    if arguments.list is not None:
        params["list_id"] = find_list(await tasks.get_lists(), arguments.list).id
    if arguments.overdue is not None:
        params["overdue"] = "true" if arguments.overdue else "false"
    optional = {
        "priority": arguments.priority,
        "tag": arguments.tag,
        "due_from": arguments.due_from,
        "due_to": arguments.due_to,
        "q": arguments.text,
    }
    params |= {name: value for name, value in optional.items() if value is not None}
    page = await tasks.client.read(tasks.caller, "/tasks", TaskPage, params)
    names = await tasks.get_list_names()
    shown = page.items[: max(1, min(arguments.limit or DEFAULT_LIMIT, PAGE_LIMIT))]
    output = {
        "ok": True,
        "tasks": [task_summary(task, names) for task in shown],
        "total": len(page.items),
        **({"more": True} if page.next_cursor else {}),
    }
    if not shown:
        return ToolOutcome(output)
    return ToolOutcome(output, task_list(shown, names, tasks.zone.key), as_text(shown))


async def update_task(tasks: ToolTasks, arguments: UpdateTaskArguments) -> ToolOutcome:
    """Change fields of a task."""
    if arguments.due_at is not None or arguments.clear_due:
        due = to_wire_due(arguments.due_date, arguments.due_at, tasks.zone)
    else:
        due = None
    optional = {
        "title": arguments.title,
        "notes": arguments.notes,
        "priority": arguments.priority,
        "due": due,
        "tags": arguments.tags,
        "completed": arguments.completed,
    }
    body: dict[str, Any] = {name: value for name, value in optional.items() if value is not None}
    if arguments.clear_due and due is None:
        body["due"] = None
    if arguments.list is not None:
        body["list_id"] = await tasks.get_or_create_list_id(arguments.list)
    keeps_time = arguments.due_date is not None and due is None
    if not body and not keeps_time:
        msg = "no change was given"
        raise InvalidArgumentsError(msg)
    statuses = CLOSED_FIRST if arguments.completed is False else OPEN_FIRST
    target = await tasks.resolve_task(arguments.task, statuses)
    if keeps_time and arguments.due_date is not None:
        body["due"] = moved_due(target, arguments.due_date, tasks.zone)
    task = await tasks.update_task(target.id, body)
    return ToolOutcome({"ok": True, "task": await tasks.describe_task(task)})


async def complete_task(tasks: ToolTasks, arguments: OneTaskArguments) -> ToolOutcome:
    """Mark a task as done."""
    target = await tasks.resolve_task(arguments.task, OPEN_FIRST)
    operation = {"type": "update", "task_id": target.id, "changes": {"completed": True}}
    response = await tasks.change_existing(operation, "POST", f"/tasks/{target.id}/complete")
    task = msgspec.json.decode(response, type=Task)
    return ToolOutcome({"ok": True, "task": await tasks.describe_task(task)})


async def create_list(tasks: ToolTasks, arguments: CreateListArguments) -> ToolOutcome:
    """Create a list."""
    response = await tasks.client.change(tasks.caller, "POST", "/lists", {"name": arguments.name})
    return await _lists_outcome(tasks, msgspec.json.decode(response, type=TaskList))


async def list_lists(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """List the lists."""
    return await _lists_outcome(tasks, None)


async def delete_list(tasks: ToolTasks, arguments: DeleteListArguments) -> ToolOutcome:
    """Hold the deletion of a list for the user's confirmation."""
    target = await tasks.resolve_list(arguments.list)
    if target.is_default:
        return ToolOutcome(
            {"ok": False, "code": "default-list", "error": "The default list can't be deleted."}
        )
    operation = {"type": "delete-list", "list_id": target.id, "tasks": arguments.tasks or "move"}
    raise await tasks.hold_operations([operation])


async def _lists_outcome(tasks: ToolTasks, created: TaskList | None) -> ToolOutcome:
    page = await tasks.client.read(tasks.caller, "/lists", ListPage)
    output: dict[str, Any] = {"ok": True, "lists": [_list_summary(each) for each in page.items]}
    if created is not None:
        output["list"] = _list_summary(created)
    return ToolOutcome(output)


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
        AddTaskArguments,
        add_task,
        lambda arguments: f"Adding “{arguments.title}”…",
    ),
    ToolSpec(
        "list_tasks",
        "Find tasks and show them to the user.",
        ListTasksArguments,
        list_tasks,
        lambda _: "Looking at your tasks…",
        changes=False,
    ),
    ToolSpec(
        "update_task",
        "Change a task: rename, move, reschedule, tag, complete or reopen it.",
        UpdateTaskArguments,
        update_task,
        lambda _: "Changing a task…",
    ),
    ToolSpec(
        "complete_task",
        "Mark one task as done.",
        OneTaskArguments,
        complete_task,
        lambda _: "Completing a task…",
    ),
    ToolSpec(
        "delete_task",
        "Delete one task. The user gets a button that undoes it.",
        OneTaskArguments,
        delete_task,
        lambda _: "Deleting a task…",
    ),
    ToolSpec(
        "ask_to_delete",
        "Ask the user to confirm the deletion of several tasks, on a card below the answer; nothing "
        "is deleted before.",
        DeleteTasksArguments,
        ask_to_delete,
        lambda _: "Looking at these tasks…",
        changes=False,
    ),
    ToolSpec(
        "change_tasks",
        "Make the same change to several tasks: reschedule, move, complete, reopen, prioritize or "
        "tag them. More than three require the user's confirmation on a card.",
        ChangeTasksArguments,
        change_tasks,
        lambda _: "Changing tasks…",
    ),
    ToolSpec(
        "confirm_changes",
        "Apply the changes of the previous turn that need a confirmation. Works only if the user's "
        "message is a plain yes.",
        NoArguments,
        confirm_changes,
        lambda _: "Changing tasks…",
    ),
    ToolSpec(
        "discard_changes",
        "Discard the changes of the previous turn that need a confirmation, because the user said no.",
        NoArguments,
        discard_changes,
        lambda _: "Discarding the changes…",
        changes=False,
    ),
    ToolSpec(
        "undo",
        "Undo all changes of the last turn that changed something.",
        NoArguments,
        undo,
        lambda _: "Undoing the last changes…",
    ),
    ToolSpec(
        "restore_tasks",
        "Restore deleted tasks.",
        RestoreTasksArguments,
        restore_tasks,
        lambda _: "Restoring tasks…",
    ),
    ToolSpec(
        "show_task",
        "Show one task as a form that the user can edit.",
        OneTaskArguments,
        show_task,
        lambda _: "Looking at a task…",
        changes=False,
    ),
    ToolSpec(
        "create_list",
        "Create a list.",
        CreateListArguments,
        create_list,
        lambda arguments: f"Creating the list “{arguments.name}”…",
    ),
    ToolSpec(
        "list_lists",
        "List the lists with their numbers of open tasks.",
        NoArguments,
        list_lists,
        lambda _: "Looking at your lists…",
        changes=False,
    ),
    ToolSpec(
        "delete_list",
        "Ask the user to confirm the deletion of a list, on a card below the answer.",
        DeleteListArguments,
        delete_list,
        lambda _: "Looking at your lists…",
        changes=False,
    ),
)

"""Tools that create, change and delete lists."""

from typing import Any

import msgspec

from task_tools.arguments import DeleteListArguments, InvalidArgumentsError, SaveListArguments
from task_tools.finding import list_summary
from task_tools.tool_spec import ToolOutcome
from task_tools.tool_tasks import ToolTasks
from todochat.contracts.tasks import TaskList


async def save_list(tasks: ToolTasks, arguments: SaveListArguments) -> ToolOutcome:
    """Create a list, or change its name, color, icon, or whether it is archived."""
    named = ("name", "color", "icon", "archived")
    body: dict[str, Any] = {
        name: value for name in named if (value := getattr(arguments, name)) is not None
    }
    if arguments.list is None:
        if arguments.name is None:
            msg = "a new list needs a name"
            raise InvalidArgumentsError(msg)
        response = await tasks.client.change(tasks.caller, "POST", "/lists", body)
    elif not body:
        msg = "no change was given"
        raise InvalidArgumentsError(msg)
    else:
        target = await tasks.resolve_list(arguments.list, archived=True)
        path = f"/lists/{target.id}"
        response = await tasks.client.change(tasks.caller, "PATCH", path, body)
    saved = msgspec.json.decode(response, type=TaskList)
    return ToolOutcome({"ok": True, "list": list_summary(saved)})


async def delete_list(tasks: ToolTasks, arguments: DeleteListArguments) -> ToolOutcome:
    """Hold the deletion of a list for the user's confirmation."""
    target = await tasks.resolve_list(arguments.list)
    if target.is_default:
        return ToolOutcome(
            {"ok": False, "code": "default-list", "error": "The default list can't be deleted."}
        )
    operation = {"type": "delete-list", "list_id": target.id, "tasks": arguments.tasks or "move"}
    raise await tasks.hold_operations([operation])

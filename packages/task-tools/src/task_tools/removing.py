"""Tools that delete and restore tasks."""

from urllib.parse import quote

import msgspec

from task_tools.arguments import DeleteTasksArguments, RestoreTasksArguments
from task_tools.finding import select_tasks
from task_tools.tool_spec import OPEN_FIRST, ToolOutcome
from task_tools.tool_tasks import MAX_UNCONFIRMED, AwaitsConfirmationError, ToolTasks
from todochat.contracts.tasks import Task


async def delete_tasks(tasks: ToolTasks, arguments: DeleteTasksArguments) -> ToolOutcome:
    """Delete one named task; several, or those of a filter, need a confirmation.

    A deleted task can be restored until it is purged.
    """
    targets = await select_tasks(tasks, arguments.tasks, arguments.filter, OPEN_FIRST)
    operations = [{"type": "delete", "task_id": task.id} for task in targets]
    if arguments.ask or arguments.filter is not None or len(targets) > 1:
        raise await tasks.hold_operations(operations)
    (target,) = targets
    await tasks.change_existing(operations[0], "DELETE", f"/tasks/{target.id}")
    output = {"ok": True, "tasks": await tasks.describe_tasks(targets)}
    return ToolOutcome(output)


async def restore_tasks(tasks: ToolTasks, arguments: RestoreTasksArguments) -> ToolOutcome:
    """Restore deleted tasks; more than three require a confirmation."""
    refs = dict.fromkeys(str(ref).strip().removeprefix("#") for ref in arguments.tasks)
    operations = {ref: {"type": "restore", "task_id": ref} for ref in refs}
    if len(operations) > MAX_UNCONFIRMED:
        raise await tasks.hold_operations(list(operations.values()))
    restored: list[Task] = []
    for ref, operation in operations.items():
        path, part = f"/tasks/{quote(ref, safe='')}/restore", quote(ref, safe="")
        try:
            body = await tasks.change_existing(operation, "POST", path, part=part)
        except AwaitsConfirmationError:  # the turn has changed other tasks before
            remaining = list(operations.values())[len(restored) :]
            raise await tasks.hold_operations(remaining, part="rest") from None
        restored.append(msgspec.json.decode(body, type=Task))
    return ToolOutcome({"ok": True, "tasks": await tasks.describe_tasks(restored)})

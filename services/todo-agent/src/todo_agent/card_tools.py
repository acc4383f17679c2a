"""Tools that delete, restore and show tasks, with cards."""

from typing import Any
from urllib.parse import quote

import msgspec

from todo_agent.task_cards import deleted_card, task_card, titles_in
from todo_agent.task_list_widget import widget
from todo_agent.tool_arguments import OneTaskArguments, RestoreTasksArguments
from todo_agent.tool_spec import OPEN_FIRST, ToolOutcome
from todo_agent.tool_tasks import MAX_UNCONFIRMED, AwaitsConfirmationError, ToolTasks, task_summary
from todochat.contracts.tasks import Task


async def delete_task(tasks: ToolTasks, arguments: OneTaskArguments) -> ToolOutcome:
    """Delete a task and offer an undo; it can be restored until it is purged."""
    target = await tasks.resolve_task(arguments.task, OPEN_FIRST)
    operation = {"type": "delete", "task_id": target.id}
    await tasks.change_existing(operation, "DELETE", f"/tasks/{target.id}")
    output = {"ok": True, "task": await tasks.describe_task(target)}
    if not tasks.is_alone:  # many cards would bury the answer
        return ToolOutcome(output)
    card = deleted_card({target.id: target.title}, tasks.caller.turn_id)
    return ToolOutcome(output, widget(card), titles_in(card))


async def restore_tasks(tasks: ToolTasks, arguments: RestoreTasksArguments) -> ToolOutcome:
    """Restore deleted tasks; more than three require a confirmation."""
    names = await tasks.get_list_names()
    refs = dict.fromkeys(str(ref).strip().removeprefix("#") for ref in arguments.tasks)
    operations = {ref: {"type": "restore", "task_id": ref} for ref in refs}
    if len(operations) > MAX_UNCONFIRMED:
        raise await tasks.hold_operations(list(operations.values()))
    restored: list[dict[str, Any]] = []
    for ref, operation in operations.items():
        path, part = f"/tasks/{quote(ref, safe='')}/restore", quote(ref, safe="")
        try:
            body = await tasks.change_existing(operation, "POST", path, part=part)
        except AwaitsConfirmationError:  # the turn has changed other tasks before
            remaining = list(operations.values())[len(restored) :]
            raise await tasks.hold_operations(remaining, part="rest") from None
        restored.append(task_summary(msgspec.json.decode(body, type=Task), names))
    return ToolOutcome({"ok": True, "tasks": restored})


async def show_task(tasks: ToolTasks, arguments: OneTaskArguments) -> ToolOutcome:
    """Show a task as a form that the user can edit."""
    task = await tasks.resolve_task(arguments.task, OPEN_FIRST)
    card = task_card(task, (await tasks.get_lists()).items, tasks.zone.key)
    output = {"ok": True, "task": await tasks.describe_task(task)}
    return ToolOutcome(output, widget(card), task.title)

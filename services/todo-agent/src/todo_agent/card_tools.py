"""Tools that show cards: a task to edit, deleted ones to bring back."""

from typing import Any
from urllib.parse import quote

import msgspec

from todo_agent.task_cards import deleted_card, task_card, titles_in
from todo_agent.tool_arguments import DeletedTasks, OneTask
from todo_agent.tool_spec import OPEN_FIRST, Outcome
from todo_agent.tool_tasks import MAX_UNCONFIRMED, HeldError, ToolTasks, summary
from todo_agent.widgets import widget
from todochat.contracts.tasks import Task


async def delete_task(desk: ToolTasks, asked: OneTask) -> Outcome:
    """Delete a task and offer a way back; it can be restored for some time."""
    target = await desk.target(asked.task, OPEN_FIRST)
    operation = {"type": "delete", "task_id": target.id}
    await desk.change(operation, "DELETE", f"/tasks/{target.id}")
    output = {"ok": True, "task": await desk.describe(target)}
    if not desk.is_alone:  # a card for each of many would bury the answer
        return Outcome(output)
    card = deleted_card({target.id: target.title}, desk.caller.turn_id)
    return Outcome(output, widget(card), titles_in(card))


async def restore_tasks(desk: ToolTasks, asked: DeletedTasks) -> Outcome:
    """Bring deleted tasks back; more than three only once the person confirms."""
    names = await desk.list_names()
    refs = dict.fromkeys(str(each).strip().removeprefix("#") for each in asked.tasks)
    operations = {ref: {"type": "restore", "task_id": ref} for ref in refs}
    if len(operations) > MAX_UNCONFIRMED:
        raise await desk.held(list(operations.values()))
    restored: list[dict[str, Any]] = []
    for ref, operation in operations.items():
        path, part = f"/tasks/{quote(ref, safe='')}/restore", quote(ref, safe="")
        try:
            body = await desk.change(operation, "POST", path, part=part)
        except HeldError:  # the turn has changed others before
            waiting = list(operations.values())[len(restored) :]
            raise await desk.held(waiting, part="rest") from None
        restored.append(summary(msgspec.json.decode(body, type=Task), names))
    return Outcome({"ok": True, "tasks": restored})


async def show_task(desk: ToolTasks, asked: OneTask) -> Outcome:
    """Show a task as a form that the person can edit."""
    task = await desk.target(asked.task, OPEN_FIRST)
    card = task_card(task, (await desk.lists()).items, desk.zone.key)
    output = {"ok": True, "task": await desk.describe(task)}
    return Outcome(output, widget(card), task.title)

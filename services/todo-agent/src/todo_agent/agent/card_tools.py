"""Tools that show cards: a task to edit, deleted ones to bring back, a question before many go."""

from urllib.parse import quote

import msgspec

from todo_agent.agent.task_cards import confirm_card, deleted_card, task_card, titles_in
from todo_agent.agent.tasks_client import TaskView
from todo_agent.agent.todo_desk import Desk, summary
from todo_agent.agent.tool_arguments import DeletedTasks, ManyTasks, OneTask
from todo_agent.agent.tool_spec import OPEN_FIRST, Outcome
from todo_agent.agent.widgets import widget


async def delete_task(desk: Desk, asked: OneTask) -> Outcome:
    """Delete a task and offer a way back; it can be restored for some time."""
    target = await desk.target(asked.task, OPEN_FIRST)
    await desk.change("DELETE", f"/tasks/{target.id}")
    output = {"ok": True, "task": await desk.describe(target)}
    if not desk.is_alone:  # a card for each of many would bury the answer
        return Outcome(output)
    card = deleted_card({target.id: target.title})
    return Outcome(output, widget(card), titles_in(card))


async def ask_to_delete(desk: Desk, asked: ManyTasks) -> Outcome:
    """Ask the person, with a card, whether tasks may go; the card's button deletes them."""
    found = await desk.targets(asked.tasks, OPEN_FIRST)
    names = await desk.list_names()
    card = confirm_card(found)
    output = {
        "ok": True,
        "asked": True,
        "note": "Nothing is deleted yet: the person decides on the card.",
        "tasks": [summary(task, names) for task in found],
    }
    return Outcome(output, widget(card), titles_in(card))


async def restore_tasks(desk: Desk, asked: DeletedTasks) -> Outcome:
    """Bring deleted tasks back."""
    names = await desk.list_names()
    restored = []
    for reference in dict.fromkeys(asked.tasks):
        ref = quote(str(reference).strip().removeprefix("#"), safe="")
        body = await desk.tasks.change(desk.caller, "POST", f"/tasks/{ref}/restore", part=ref)
        restored.append(summary(msgspec.json.decode(body, type=TaskView), names))
    return Outcome({"ok": True, "tasks": restored})


async def show_task(desk: Desk, asked: OneTask) -> Outcome:
    """Show a task as a form that the person can edit."""
    task = await desk.target(asked.task, OPEN_FIRST)
    card = task_card(task, (await desk.lists()).items, desk.zone.key)
    output = {"ok": True, "task": await desk.describe(task)}
    return Outcome(output, widget(card), task.title)

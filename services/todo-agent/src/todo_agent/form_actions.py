"""Clicks on the forms of tasks: save, add and close."""

from typing import Any, Final

import msgspec

from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload
from todo_agent.card_click import CardClick
from todo_agent.task_cards import message_card, saved_card
from todo_agent.task_form import changed_fields, new_task
from todochat.contracts.tasks import Task

UNCHANGED: Final = "Nothing was changed."
NOT_ADDED: Final = "Nothing was added."


async def save_task(click: CardClick, payload: Any) -> None:
    """Save the fields of a task's form that differ from the task; the card confirms it."""
    action = read_payload(payload, payloads.SaveAction)
    before = await click.tasks.resolve_task(action.task_id, ())
    changes = changed_fields(action, before, click.tasks.zone)
    if not changes:
        await click.redraw(lambda _: message_card(UNCHANGED))
        return
    task = await click.tasks.update_task(before.id, changes)
    await _confirm(click, task, "Saved")
    await click.record_tasks("change_tasks", [task], changes)


async def add_task(click: CardClick, payload: Any) -> None:
    """Add the task of an empty form; the card confirms it."""
    action = read_payload(payload, payloads.TaskFields)
    body = new_task(action, click.tasks.zone)
    response = await click.tasks.client.change(click.tasks.caller, "POST", "/tasks", body)
    task = msgspec.json.decode(response, type=Task)
    await _confirm(click, task, "Added")
    output = {"task": await click.tasks.describe_task(task)}
    await click.record_change("add_task", {"title": task.title}, output)


async def close_form(click: CardClick, payload: Any) -> None:
    """Close a form; what was typed is dropped."""
    action = read_payload(payload, payloads.CloseAction)
    text = NOT_ADDED if action.task_id is None else UNCHANGED
    await click.redraw(lambda _: message_card(text))


async def _confirm(click: CardClick, task: Task, verb: str) -> None:
    names = await click.tasks.get_list_names()
    zone, group = click.tasks.zone.key, click.run.turn_id
    await click.redraw(lambda _: saved_card(task, verb, names, zone, group))

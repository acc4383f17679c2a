"""Actions of the cards and lists in a chat; they run without a model call."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import NoticeEvent, WidgetItem

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from task_tools.tasks_client import TasksClient
from task_tools.tool_tasks import RecordedTask
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload, refused
from todo_agent.card_click import TASK_GONE, CardClick
from todo_agent.cards import message_card, titles_in, widget
from todo_agent.confirmations import confirm_changes, discard_changes, undo_changes
from todo_agent.form_actions import add_task, close_form, save_task
from todo_agent.search_pages import turn_page
from todo_agent.task_form import task_card
from todo_agent.undo_cards import undo_card
from todochat.contracts.tasks import Task
from todochat.http.client import UpstreamError, UpstreamProblemError

UNKNOWN_ACTION: Final = "This action isn't available here."
UNAVAILABLE: Final = "Your tasks are unavailable right now. Please try again in a moment."
TASK_NOT_FOUND: Final = "task-not-found"


class CardActions:
    """The assistant's action handler; see `durable_chatkit.agent.assistant.ActionHandler`."""

    def __init__(self, client: TasksClient) -> None:
        self._client = client

    async def __call__(
        self, action: Action[str, Any], sender: WidgetItem | None, run: RunContext
    ) -> None:
        """Run the clicked action.

        Raises:
            CustomStreamError: the action failed; the message is meant for the user.
        """
        handler = _HANDLERS.get(action.type)
        if handler is None:
            raise refused(UNKNOWN_ACTION)
        click = CardClick(self._client, sender, run)
        try:
            await handler(click, action.payload)
        except UpstreamError as error:
            raise CustomStreamError(UNAVAILABLE, allow_retry=True) from error
        except UpstreamProblemError as problem:
            task_id = action.payload.get("task_id") if isinstance(action.payload, Mapping) else None
            if problem.code == TASK_NOT_FOUND and isinstance(task_id, str):
                await click.show_deleted(task_id, action.type)
                return
            if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise CustomStreamError(UNAVAILABLE, allow_retry=True) from problem
            raise refused(problem.detail) from problem


async def toggle_task(click: CardClick, payload: Any) -> None:
    """Complete or reopen a task."""
    action = read_payload(payload, payloads.ToggleAction)
    changes = {"completed": action.completed}
    task = await click.tasks.update_task(action.task_id, changes)
    await click.show_task(task)
    await click.record_tasks("change_tasks", [task], changes)


async def open_task(click: CardClick, payload: Any) -> None:
    """Show a task as a form."""
    action = read_payload(payload, payloads.TaskAction)
    tasks = click.tasks
    task = await tasks.client.read(tasks.caller, f"/tasks/{action.task_id}", Task)
    card = task_card(task, (await tasks.get_lists()).items, tasks.zone.key)
    await click.run.stream_widget(widget(card), copy_text=titles_in(card) or task.title)


async def delete_task(click: CardClick, payload: Any) -> None:
    """Delete a task and offer an undo."""
    action = read_payload(payload, payloads.TaskAction)
    task = await click.tasks.resolve_task(action.task_id, ())
    await click.tasks.client.change(click.tasks.caller, "DELETE", f"/tasks/{task.id}")
    group = {"group_id": click.run.turn_id}
    await click.redraw(lambda _: undo_card(f"Deleted “{task.title}”", group))
    await click.record_tasks("delete_tasks", [task])


async def delete_tasks(click: CardClick, payload: Any) -> None:
    """Delete several tasks and offer an undo."""
    action = read_payload(payload, payloads.TasksAction)
    tasks = click.tasks

    async def read_targets() -> bytes:
        found: list[Task] = []
        for task_id in dict.fromkeys(action.task_ids):
            try:
                found.append(await tasks.client.read(tasks.caller, f"/tasks/{task_id}", Task))
            except UpstreamProblemError as problem:
                if problem.code != TASK_NOT_FOUND:
                    raise
        return msgspec.json.encode(found)

    recorded = await click.call.once("targets", read_targets)
    targets = msgspec.json.decode(recorded, type=list[RecordedTask])
    deleted = [task for task in targets if await _change_if_found(click, "DELETE", task.id)]
    if not deleted:
        await click.redraw(lambda _: message_card("These tasks were already deleted."))
        await click.run.stream(NoticeEvent(level="warning", message=TASK_GONE))
        return
    text = f"Deleted {len(deleted)} tasks" if deleted[1:] else f"Deleted “{deleted[0].title}”"
    await click.redraw(lambda _: undo_card(text, {"group_id": click.run.turn_id}))
    await click.record_tasks("delete_tasks", deleted)


async def keep_tasks(click: CardClick, payload: Any) -> None:
    """Cancel the deletion of several tasks."""
    read_payload(payload, payloads.TasksAction)
    await click.dismiss("Nothing was deleted.", payloads.KEEP_MANY)
    await record_action(click.run, "delete_tasks", {}, {"ok": True, "decision": "kept"})


async def restore_tasks(click: CardClick, payload: Any) -> None:
    """Restore deleted tasks."""
    action = read_payload(payload, payloads.TasksAction)
    bodies = [
        await _change_if_found(click, "POST", task_id, "/restore")
        for task_id in dict.fromkeys(action.task_ids)
    ]
    restored = [msgspec.json.decode(body, type=Task) for body in bodies if body]
    if not restored:
        await click.redraw(lambda _: message_card("These tasks can no longer be restored."))
        await click.run.stream(NoticeEvent(level="warning", message=TASK_GONE))
        return
    if len(restored) == 1:
        await click.show_task(restored[0])
    else:
        await click.redraw(lambda _: message_card(f"Restored {len(restored)} tasks."))
    await click.record_tasks("restore_tasks", restored)


async def _change_if_found(
    click: CardClick, method: str, task_id: str, verb: str = ""
) -> bytes | None:
    """Change one of several tasks; return None if it doesn't exist."""
    tasks = click.tasks
    try:
        path = f"/tasks/{task_id}{verb}"
        return await tasks.client.change(tasks.caller, method, path, part=task_id) or b"null"
    except UpstreamProblemError as problem:
        if problem.code != TASK_NOT_FOUND:
            raise
        return None


_HANDLERS: Final[Mapping[str, Callable[[CardClick, Any], Awaitable[None]]]] = {
    payloads.TOGGLE: toggle_task,
    payloads.OPEN: open_task,
    payloads.SAVE: save_task,
    payloads.ADD: add_task,
    payloads.CLOSE: close_form,
    payloads.PAGE: turn_page,
    payloads.DELETE: delete_task,
    payloads.DELETE_MANY: delete_tasks,
    payloads.KEEP_MANY: keep_tasks,
    payloads.RESTORE: restore_tasks,
    payloads.CONFIRM: confirm_changes,
    payloads.DISCARD: discard_changes,
    payloads.UNDO: undo_changes,
}

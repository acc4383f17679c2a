"""What the todo agent's widgets do when they are clicked. No model is asked."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import NoticeEvent, WidgetItem

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload
from todo_agent.task_cards import deleted_card, message_card, task_card, titles_in
from todo_agent.task_form import changes_of
from todo_agent.tasks_client import TasksClient
from todo_agent.todo_click import GONE, Click
from todo_agent.todo_confirming import confirm, discard, undo
from todo_agent.tool_tasks import RecordedTask, summary
from todo_agent.widgets import widget
from todochat.contracts.tasks import Task
from todochat.http.client import UpstreamError, UpstreamProblemError

NOT_HERE: Final = "This action isn't available here."
AWAY: Final = "Your tasks can't be reached right now. Please try again in a moment."
TASK_NOT_FOUND: Final = "task-not-found"


class TodoActions:
    """The action handler of the todo agent; see `durable_chatkit.agent.assistant.ActionHandler`."""

    def __init__(self, tasks: TasksClient) -> None:
        self._tasks = tasks

    async def __call__(
        self, action: Action[str, Any], sender: WidgetItem | None, run: RunContext
    ) -> None:
        """Do what was clicked.

        Raises:
            CustomStreamError: it can't be done; the message is for the person.
        """
        handler = _HANDLERS.get(action.type)
        if handler is None:
            raise CustomStreamError(NOT_HERE, allow_retry=False)
        try:
            await handler(Click(self._tasks, sender, run), action.payload)
        except UpstreamError as error:
            raise CustomStreamError(AWAY, allow_retry=True) from error
        except UpstreamProblemError as problem:
            if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise CustomStreamError(AWAY, allow_retry=True) from problem
            raise CustomStreamError(problem.detail, allow_retry=False) from problem


def _unless_gone(
    act: Callable[[Click, Any], Awaitable[None]],
) -> Callable[[Click, Any], Awaitable[None]]:
    """Answer a click on a task that isn't there any more by showing that."""

    async def guarded(click: Click, payload: Any) -> None:
        try:
            await act(click, payload)
        except UpstreamProblemError as problem:
            task_id = payload.get("task_id") if isinstance(payload, Mapping) else None
            if problem.code != TASK_NOT_FOUND or not isinstance(task_id, str):
                raise
            await click.show_gone(task_id)

    return guarded


async def _toggle(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.Toggle)
    body = {"completed": asked.completed}
    task = await click.desk.update(asked.task_id, body)
    await click.show(task)
    tool = "complete_task" if asked.completed else "update_task"
    arguments = {"task": str(task.number), **({} if asked.completed else body)}
    await click.changed(tool, arguments, {"task": await click.desk.describe(task)})


async def _open(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.OneTask)
    desk = click.desk
    task = await desk.tasks.read(desk.caller, f"/tasks/{asked.task_id}", Task)
    card = task_card(task, (await desk.lists()).items, desk.zone.key)
    await click.run.stream_widget(widget(card), copy_text=titles_in(card) or task.title)


async def _save(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.Save)
    before = await click.desk.target(asked.task_id, ())
    body = changes_of(asked, before, click.desk.zone)
    if not body:
        await click.show(before)
        return
    task = await click.desk.update(before.id, body)
    await click.show(task)
    arguments = {"task": str(task.number), **body}
    await click.changed("update_task", arguments, {"task": await click.desk.describe(task)})


async def _delete(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.OneTask)
    task = await click.desk.target(asked.task_id, ())
    await click.desk.tasks.change(click.desk.caller, "DELETE", f"/tasks/{task.id}")
    await click.draw(lambda _: deleted_card({task.id: task.title}, click.run.turn_id))
    arguments = {"task": str(task.number)}
    await click.changed("delete_task", arguments, {"task": await click.desk.describe(task)})


async def _delete_many(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.ManyTasks)
    desk = click.desk

    async def look() -> bytes:
        found = [await _found(click, task_id) for task_id in dict.fromkeys(asked.task_ids)]
        return msgspec.json.encode([task for task in found if task is not None])

    tasks = msgspec.json.decode(await click.call.once("targets", look), type=list[RecordedTask])
    gone = [task for task in tasks if await _each(click, "DELETE", task.id)]
    if not gone:
        await click.draw(lambda _: message_card("These tasks were gone already."))
        await click.run.stream(NoticeEvent(level="warning", message=GONE))
        return
    titles = {task.id: task.title for task in gone}
    await click.draw(lambda _: deleted_card(titles, click.run.turn_id))
    names = await desk.list_names()
    output = {"decision": "deleted", "tasks": [summary(task, names) for task in gone]}
    await click.changed("ask_to_delete", {"tasks": [str(t.number) for t in gone]}, output)


async def _keep_many(click: Click, payload: Any) -> None:
    read_payload(payload, payloads.ManyTasks)
    await click.draw(lambda _: message_card("Nothing was deleted."))
    await record_action(click.run, "ask_to_delete", {}, {"ok": True, "decision": "kept"})


async def _restore(click: Click, payload: Any) -> None:
    asked = read_payload(payload, payloads.ManyTasks)
    answers = [
        await _each(click, "POST", task_id, "/restore") for task_id in dict.fromkeys(asked.task_ids)
    ]
    tasks = [msgspec.json.decode(body, type=Task) for body in answers if body]
    if not tasks:
        await click.draw(lambda _: message_card("This can't be brought back any more."))
        await click.run.stream(NoticeEvent(level="warning", message=GONE))
        return
    if len(tasks) == 1:
        await click.show(tasks[0])
    else:
        await click.draw(lambda _: message_card(f"Brought back {len(tasks)} tasks."))
    names = await click.desk.list_names()
    output = {"tasks": [summary(task, names) for task in tasks]}
    await click.changed("restore_tasks", {"tasks": [str(t.number) for t in tasks]}, output)


async def _found(click: Click, task_id: str) -> Task | None:
    try:
        return await click.desk.tasks.read(click.desk.caller, f"/tasks/{task_id}", Task)
    except UpstreamProblemError as problem:
        if problem.code != TASK_NOT_FOUND:
            raise
        return None


async def _each(click: Click, method: str, task_id: str, verb: str = "") -> bytes | None:
    """Change one of several tasks; None if it is gone."""
    desk = click.desk
    try:
        path = f"/tasks/{task_id}{verb}"
        return await desk.tasks.change(desk.caller, method, path, part=task_id) or b"null"
    except UpstreamProblemError as problem:
        if problem.code != TASK_NOT_FOUND:
            raise
        return None


_HANDLERS: Final[Mapping[str, Callable[[Click, Any], Awaitable[None]]]] = {
    payloads.TOGGLE: _unless_gone(_toggle),
    payloads.OPEN: _unless_gone(_open),
    payloads.SAVE: _unless_gone(_save),
    payloads.DELETE: _unless_gone(_delete),
    payloads.DELETE_MANY: _delete_many,
    payloads.KEEP_MANY: _keep_many,
    payloads.RESTORE: _restore,
    payloads.CONFIRM: confirm,
    payloads.DISCARD: discard,
    payloads.UNDO: undo,
}

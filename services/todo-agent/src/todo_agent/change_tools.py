"""Tools that change several tasks, confirm or discard pending changes, and undo."""

from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from chatkit.types import WidgetItem

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.turns import find_previous_turn_id, plain_text_of
from durable_chatkit.errors import UnknownResourceError
from offline_assistant.short_commands import is_undo, is_yes
from todo_agent.pending_cards import confirmed_card, skipped_text, undone_text
from todo_agent.task_cards import message_card, titles_in
from todo_agent.task_list_widget import widget
from todo_agent.tool_arguments import (
    ChangeTasksArguments,
    DeleteTasksArguments,
    InvalidArgumentsError,
    NoArguments,
    to_wire_due,
)
from todo_agent.tool_spec import CLOSED_FIRST, OPEN_FIRST, ToolOutcome
from todo_agent.tool_tasks import (
    CONFIRMATION_REQUIRED,
    MAX_UNCONFIRMED,
    AwaitsConfirmationError,
    ToolTasks,
    task_summary,
)
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.contracts.tasks import Task
from todochat.http.client import UpstreamProblemError

PENDING_NOT_FOUND: Final = "pending-change-not-found"
MAX_CARD_SEARCH: Final = 50  # items; the card is the last item of the previous turn


class _RecordedPending(msgspec.Struct):
    """The fields used of a journaled `PendingChange`; earlier versions recorded only these."""

    id: str
    revision: int


async def change_tasks(tasks: ToolTasks, arguments: ChangeTasksArguments) -> ToolOutcome:
    """Make the same change to several tasks; more than three, or `ask`, need a confirmation."""
    statuses = CLOSED_FIRST if arguments.completed is False else OPEN_FIRST
    bodies = (
        {"list_id": await tasks.get_or_create_list_id(arguments.list)}
        if arguments.list is not None
        else {}
    )
    targets = await tasks.resolve_tasks(arguments.tasks, statuses)
    changes = [(task, {**_task_changes(arguments, task, tasks.zone), **bodies}) for task in targets]
    if not all(body for _, body in changes):
        msg = "no change was given"
        raise InvalidArgumentsError(msg)
    operations = [{"type": "update", "task_id": task.id, "changes": body} for task, body in changes]
    if arguments.ask or len(changes) > MAX_UNCONFIRMED:
        raise await tasks.hold_operations(operations)
    names = await tasks.get_list_names()
    changed: list[Task] = []
    for task, body in changes:
        try:
            changed.append(await tasks.update_task(task.id, body, part=task.id))
        except AwaitsConfirmationError:  # the turn has changed other tasks before
            raise await tasks.hold_operations(operations[len(changed) :], part="rest") from None
    return ToolOutcome({"ok": True, "tasks": [task_summary(task, names) for task in changed]})


async def ask_to_delete(tasks: ToolTasks, arguments: DeleteTasksArguments) -> ToolOutcome:
    """Hold the deletion of tasks for the user's confirmation."""
    found = await tasks.resolve_tasks(arguments.tasks, OPEN_FIRST)
    raise await tasks.hold_operations([{"type": "delete", "task_id": task.id} for task in found])


async def confirm_changes(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """Confirm the previous turn's pending change if the user's message is a plain yes."""
    if not is_yes(plain_text_of(tasks.run)):
        msg = "the user has not answered with a plain yes; only that, or the card, confirms"
        raise InvalidArgumentsError(msg)
    pending = await _find_pending(tasks)
    if pending is None:
        return ToolOutcome(
            {"ok": False, "code": "nothing-waits", "error": "There is no pending change."}
        )
    body = {"revision": pending.revision}
    response = await tasks.client.change(
        tasks.caller, "POST", f"/changes/pending/{pending.id}/confirm", body
    )
    confirmed = msgspec.json.decode(response, type=PendingChange)
    names = await tasks.get_list_names()
    await _redraw_card(
        tasks.run, pending.id, confirmed_card(confirmed, tasks.zone, tasks.today, names)
    )
    return ToolOutcome(outcome_summary(confirmed.outcome))


async def discard_changes(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """Discard the previous turn's pending change."""
    pending = await _find_pending(tasks)
    if pending is None:
        return ToolOutcome(
            {"ok": False, "code": "nothing-waits", "error": "There is no pending change."}
        )
    await tasks.client.change(tasks.caller, "POST", f"/changes/pending/{pending.id}/discard")
    await _redraw_card(tasks.run, pending.id, message_card("Nothing was changed."))
    return ToolOutcome({"ok": True, "note": "Nothing was changed."})


async def undo(tasks: ToolTasks, arguments: NoArguments) -> ToolOutcome:  # noqa: ARG001
    """Undo the last turn that changed something; may require a confirmation unless requested."""
    caller = tasks.caller
    if is_undo(plain_text_of(tasks.run)):  # the user requested it, so no limit applies
        caller = msgspec.structs.replace(caller, confirm_above=None)
    body = {"scope_id": tasks.caller.thread_id}
    try:
        response = await tasks.client.change(caller, "POST", "/changes/undo", body)
    except UpstreamProblemError as problem:
        group_id = problem.extensions.get("group_id")
        if problem.code != CONFIRMATION_REQUIRED or group_id is None:
            raise
        raise await tasks.hold_operations([{"type": "undo", "group_id": group_id}]) from problem
    undone = msgspec.json.decode(response, type=ChangeOutcome)
    return ToolOutcome({**outcome_summary(undone), "note": undone_text(undone)})


def outcome_summary(outcome: ChangeOutcome | None) -> dict[str, Any]:
    """Return the outcome of a confirmation or an undo, for the model."""
    if outcome is None:
        return {"ok": True, "changed": []}
    return {
        "ok": True,
        "changed": [
            {"number": task.number, "title": task.title, "deleted": task.deleted}
            for task in outcome.tasks
        ],
        "lists": [{"name": changed.name, "deleted": changed.deleted} for changed in outcome.lists],
        **({"left": skipped_text(outcome)} if outcome.left else {}),
    }


async def _find_pending(tasks: ToolTasks) -> _RecordedPending | None:
    """Return the previous turn's open pending change, as the first attempt read it."""

    async def read_pending() -> bytes:
        turn_id = await find_previous_turn_id(tasks.run)
        if turn_id is None:
            return b"null"
        try:
            pending = await tasks.client.read(
                tasks.caller, "/changes/pending", PendingChange, {"group": turn_id}
            )
        except UpstreamProblemError as problem:
            if problem.code != PENDING_NOT_FOUND:
                raise
            return b"null"
        return msgspec.json.encode(pending if pending.status == "open" else None)

    return msgspec.json.decode(
        await tasks.call.once("pending", read_pending), type=_RecordedPending | None
    )


def _task_changes(arguments: ChangeTasksArguments, task: Task, zone: ZoneInfo) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: value
        for name, value in (("priority", arguments.priority), ("completed", arguments.completed))
        if value is not None
    }
    if arguments.due_at is not None:
        body["due"] = to_wire_due(None, arguments.due_at, zone)
    elif arguments.due_date is not None:
        body["due"] = moved_due(task, arguments.due_date, zone)
    elif arguments.clear_due:
        body["due"] = None
    if arguments.add_tags or arguments.drop_tags:
        dropped = {tag.casefold() for tag in arguments.drop_tags or ()}
        kept = [tag for tag in task.tags if tag.casefold() not in dropped]
        body["tags"] = list(dict.fromkeys([*kept, *(arguments.add_tags or ())]))
    return body


def moved_due(task: Task, day: str, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the due date of a task moved to a day; it keeps its time of day.

    Raises:
        InvalidArgumentsError: the text is not a day.
    """
    if task.due is None or task.due.at is None:
        return to_wire_due(day, None, zone)
    local = task.due.at.astimezone(zone)
    try:
        moved = datetime.combine(date.fromisoformat(day), local.time())
    except ValueError as error:
        msg = f"not a date: {day}"
        raise InvalidArgumentsError(msg) from error
    return to_wire_due(None, moved.isoformat(), zone)


async def _redraw_card(run: RunContext, pending_id: str, root: dict[str, Any]) -> None:
    """Redraw the card of a pending change, if it is among the thread's newest items."""
    page = await run.store.load_thread_items(
        run.thread.id, after=None, limit=MAX_CARD_SEARCH, order="desc", context=run.request_context
    )
    changed = {"widget": widget(root), "copy_text": titles_in(root)}
    for item in page.data:
        if not isinstance(item, WidgetItem):
            continue
        confirm = item.widget.model_dump(mode="json").get("confirm") or {}
        payload = (confirm.get("action") or {}).get("payload") or {}
        if payload.get("pending_id") == pending_id:
            with suppress(UnknownResourceError):  # it was deleted concurrently
                await run.update_widget(item.id, lambda old: old.model_copy(update=changed))
            return

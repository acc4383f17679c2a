"""Tools that change many tasks, that answer for the person's own yes or no, and that undo."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from durable_chatkit.agent.turns import find_previous_turn_id, plain_text_of
from offline_assistant.short_commands import is_undo, is_yes
from todo_agent.pending_cards import confirmed_card, left_text, undone_text
from todo_agent.pending_widgets import redraw_card
from todo_agent.task_cards import message_card
from todo_agent.tool_arguments import (
    ChangeTasks,
    InvalidArgumentsError,
    ManyTasks,
    NoArguments,
    due_of,
)
from todo_agent.tool_spec import CLOSED_FIRST, OPEN_FIRST, Outcome
from todo_agent.tool_tasks import (
    CONFIRMATION_REQUIRED,
    MAX_UNCONFIRMED,
    HeldError,
    ToolTasks,
    summary,
)
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.contracts.tasks import Task
from todochat.http.client import UpstreamProblemError

PENDING_NOT_FOUND: Final = "pending-change-not-found"


class _Waiting(msgspec.Struct):
    """The part of a journaled `PendingChange` that is used; earlier versions stored fewer fields."""

    id: str
    revision: int


async def change_tasks(desk: ToolTasks, asked: ChangeTasks) -> Outcome:
    """Change several tasks alike; more than three, or as asked, only once the person confirms."""
    statuses = CLOSED_FIRST if asked.completed is False else OPEN_FIRST
    bodies = {"list_id": await desk.list_for(asked.list)} if asked.list is not None else {}
    targets = await desk.targets(asked.tasks, statuses)
    changes = [(task, {**_changes_of(asked, task, desk.zone), **bodies}) for task in targets]
    if not all(body for _, body in changes):
        msg = "nothing to change was given"
        raise InvalidArgumentsError(msg)
    operations = [{"type": "update", "task_id": task.id, "changes": body} for task, body in changes]
    if asked.ask or len(changes) > MAX_UNCONFIRMED:
        raise await desk.held(operations)
    names = await desk.list_names()
    changed: list[Task] = []
    for task, body in changes:
        try:
            changed.append(await desk.update(task.id, body, part=task.id))
        except HeldError:  # the turn has changed others before
            raise await desk.held(operations[len(changed) :], part="rest") from None
    return Outcome({"ok": True, "tasks": [summary(task, names) for task in changed]})


async def ask_to_delete(desk: ToolTasks, asked: ManyTasks) -> Outcome:
    """Have the deletion of tasks wait for the person."""
    found = await desk.targets(asked.tasks, OPEN_FIRST)
    raise await desk.held([{"type": "delete", "task_id": task.id} for task in found])


async def confirm_changes(desk: ToolTasks, asked: NoArguments) -> Outcome:  # noqa: ARG001
    """Carry out what waits since the turn before, if the person's message is a plain yes."""
    if not is_yes(plain_text_of(desk.run)):
        msg = "the person has not answered with a plain yes; only that, or the card, confirms"
        raise InvalidArgumentsError(msg)
    pending = await _waiting(desk)
    if pending is None:
        return Outcome({"ok": False, "code": "nothing-waits", "error": "Nothing waits."})
    body = {"revision": pending.revision}
    answer = await desk.tasks.change(
        desk.caller, "POST", f"/changes/pending/{pending.id}/confirm", body
    )
    confirmed = msgspec.json.decode(answer, type=PendingChange)
    names = await desk.list_names()
    await redraw_card(desk.run, pending.id, confirmed_card(confirmed, desk.zone, desk.today, names))
    return Outcome(outcome_summary(confirmed.outcome))


async def discard_changes(desk: ToolTasks, asked: NoArguments) -> Outcome:  # noqa: ARG001
    """Drop what waits since the turn before."""
    pending = await _waiting(desk)
    if pending is None:
        return Outcome({"ok": False, "code": "nothing-waits", "error": "Nothing waits."})
    await desk.tasks.change(desk.caller, "POST", f"/changes/pending/{pending.id}/discard")
    await redraw_card(desk.run, pending.id, message_card("Nothing was changed."))
    return Outcome({"ok": True, "note": "Nothing was changed."})


async def undo(desk: ToolTasks, asked: NoArguments) -> Outcome:  # noqa: ARG001
    """Undo the last turn that changed something; what the person didn't ask for may wait."""
    free = is_undo(plain_text_of(desk.run))
    caller = msgspec.structs.replace(desk.caller, confirm_above=None) if free else desk.caller
    body = {"scope_id": desk.caller.thread_id}
    try:
        answer = await desk.tasks.change(caller, "POST", "/changes/undo", body)
    except UpstreamProblemError as problem:
        group_id = problem.extensions.get("group_id")
        if problem.code != CONFIRMATION_REQUIRED or group_id is None:
            raise
        raise await desk.held([{"type": "undo", "group_id": group_id}]) from problem
    undone = msgspec.json.decode(answer, type=ChangeOutcome)
    return Outcome({**outcome_summary(undone), "note": undone_text(undone)})


def outcome_summary(outcome: ChangeOutcome | None) -> dict[str, Any]:
    """Return what a confirmation or an undo did, as the model gets it."""
    if outcome is None:
        return {"ok": True, "changed": []}
    return {
        "ok": True,
        "changed": [
            {"number": task.number, "title": task.title, "deleted": task.deleted}
            for task in outcome.tasks
        ],
        "lists": [{"name": entry.name, "deleted": entry.deleted} for entry in outcome.lists],
        **({"left": left_text(outcome)} if outcome.left else {}),
    }


async def _waiting(desk: ToolTasks) -> _Waiting | None:
    """Return what waits since the turn before, as it was in the first attempt that looked."""

    async def look() -> bytes:
        turn_id = await find_previous_turn_id(desk.run)
        if turn_id is None:
            return b"null"
        try:
            pending = await desk.tasks.read(
                desk.caller, "/changes/pending", PendingChange, {"group": turn_id}
            )
        except UpstreamProblemError as problem:
            if problem.code != PENDING_NOT_FOUND:
                raise
            return b"null"
        return msgspec.json.encode(pending if pending.status == "open" else None)

    return msgspec.json.decode(await desk.call.once("pending", look), type=_Waiting | None)


def _changes_of(asked: ChangeTasks, task: Task, zone: ZoneInfo) -> dict[str, Any]:
    body: dict[str, Any] = {
        name: value
        for name, value in (("priority", asked.priority), ("completed", asked.completed))
        if value is not None
    }
    if asked.due_at is not None:
        body["due"] = due_of(None, asked.due_at, zone)
    elif asked.due_date is not None:
        body["due"] = moved_due(task, asked.due_date, zone)
    elif asked.clear_due:
        body["due"] = None
    if asked.add_tags or asked.drop_tags:
        dropped = {tag.casefold() for tag in asked.drop_tags or ()}
        kept = [tag for tag in task.tags if tag.casefold() not in dropped]
        body["tags"] = list(dict.fromkeys([*kept, *(asked.add_tags or ())]))
    return body


def moved_due(task: Task, day: str, zone: ZoneInfo) -> dict[str, str] | None:
    """Return when a task is due once it is moved to a day; it keeps the time of day it has.

    Raises:
        InvalidArgumentsError: the text is no day.
    """
    if task.due is None or task.due.at is None:
        return due_of(day, None, zone)
    local = task.due.at.astimezone(zone)
    try:
        moved = datetime.combine(date.fromisoformat(day), local.time())
    except ValueError as error:
        msg = f"not a date: {day}"
        raise InvalidArgumentsError(msg) from error
    return due_of(None, moved.isoformat(), zone)

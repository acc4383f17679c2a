"""The card that asks before much is changed: shown at a turn's end, and answered by a click."""

from typing import Any, Final

import msgspec
from chatkit.errors import CustomStreamError
from chatkit.types import NoticeEvent

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload
from todo_agent.change_tools import PENDING_NOT_FOUND, outcome_summary
from todo_agent.pending_cards import confirmed_card, pending_card, undone_text
from todo_agent.task_cards import message_card, titles_in
from todo_agent.tasks_client import TasksClient
from todo_agent.todo_click import Click
from todo_agent.tool_tasks import ToolTasks
from todo_agent.widgets import widget
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.http.client import UpstreamProblemError

DECIDED: Final = "pending-change-decided"
CHANGED: Final = "pending-change-changed"
EXPIRED: Final = "This question has expired, and nothing was changed. Please ask again."
ANSWERED: Final = "This was answered before."
GREW: Final = "More was added since. The newest card shows everything."


class PendingQuestion:
    """Shows the card of what waits; see `durable_chatkit.agent.assistant.Assistant.finish_turn`."""

    def __init__(self, tasks: TasksClient) -> None:
        self._tasks = tasks

    async def __call__(self, run: RunContext) -> None:
        """Show the card, unless nothing waits any more."""
        desk = ToolTasks(self._tasks, run, run.call)
        try:
            pending = await desk.tasks.read(
                desk.caller, "/changes/pending", PendingChange, {"group": run.turn_id}
            )
        except UpstreamProblemError as problem:
            if problem.code != PENDING_NOT_FOUND:
                raise
            return
        if pending.status != "open":
            return
        card = pending_card(pending, desk.zone, desk.today, await desk.list_names())
        await run.stream_widget(widget(card), copy_text=titles_in(card))


async def confirm(click: Click, payload: Any) -> None:
    """Carry out what the card shows."""
    asked = read_payload(payload, payloads.Confirm)
    desk, path = click.desk, f"/changes/pending/{asked.pending_id}/confirm"
    try:
        answer = await desk.tasks.change(desk.caller, "POST", path, {"revision": asked.revision})
    except UpstreamProblemError as problem:
        await _refused(click, problem)
        return
    confirmed = msgspec.json.decode(answer, type=PendingChange)
    names = await desk.list_names()
    await click.draw(lambda _: confirmed_card(confirmed, desk.zone, desk.today, names))
    await click.changed("confirm_changes", {}, outcome_summary(confirmed.outcome))


async def discard(click: Click, payload: Any) -> None:
    """Leave everything as it is."""
    asked = read_payload(payload, payloads.Discard)
    desk, path = click.desk, f"/changes/pending/{asked.pending_id}/discard"
    try:
        await desk.tasks.change(desk.caller, "POST", path)
    except UpstreamProblemError as problem:
        await _refused(click, problem)
        return
    await click.draw(lambda _: message_card("Nothing was changed."))
    await record_action(
        click.run, "discard_changes", {}, {"ok": True, "note": "Nothing was changed."}
    )


async def undo(click: Click, payload: Any) -> None:
    """Take back what a turn, or a confirmation, has changed."""
    asked = read_payload(payload, payloads.Undo)
    body = {"group_id": asked.group_id, "task_ids": asked.task_ids}
    answer = await click.desk.tasks.change(click.desk.caller, "POST", "/changes/undo", body)
    undone = msgspec.json.decode(answer, type=ChangeOutcome)
    await click.draw(lambda _: message_card(undone_text(undone)))
    await click.changed("undo", {}, outcome_summary(undone))


async def _refused(click: Click, problem: UpstreamProblemError) -> None:
    """Show why a card can't be answered any more."""
    if problem.code == CHANGED:
        raise CustomStreamError(GREW, allow_retry=False) from problem
    if problem.code not in {DECIDED, PENDING_NOT_FOUND}:
        raise problem
    is_expired = problem.code == PENDING_NOT_FOUND or problem.extensions["decision"] == "expired"
    text = EXPIRED if is_expired else ANSWERED
    await click.draw(lambda _: message_card(text))
    await click.run.stream(NoticeEvent(level="warning", message=text))

"""The card that asks for a confirmation, shown at the end of a turn, and the clicks on it."""

from typing import Any, Final

import msgspec
from chatkit.errors import CustomStreamError
from chatkit.types import NoticeEvent

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from task_tools.answering import PENDING_NOT_FOUND, outcome_summary, undone_text
from task_tools.tasks_client import TasksClient
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload
from todo_agent.card_click import CardClick
from todo_agent.pending_cards import confirmed_card, pending_card
from todo_agent.run_tasks import open_tasks
from todo_agent.task_cards import message_card, titles_in
from todo_agent.task_list_widget import widget
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.http.client import UpstreamProblemError

DECIDED: Final = "pending-change-decided"
CHANGED: Final = "pending-change-changed"
EXPIRED_TEXT: Final = "This confirmation has expired; nothing was changed. Please ask again."
DECIDED_TEXT: Final = "You already answered this."
CHANGED_TEXT: Final = "More changes were added. The newest card shows all of them."


class ConfirmationCard:
    """Shows the card at the end of a turn; see `durable_chatkit.agent.assistant.Assistant`."""

    def __init__(self, client: TasksClient) -> None:
        self._client = client

    async def __call__(self, run: RunContext) -> None:
        """Show the card if the turn has an open pending change."""
        tasks = open_tasks(self._client, run)
        try:
            pending = await tasks.client.read(
                tasks.caller, "/changes/pending", PendingChange, {"group": run.turn_id}
            )
        except UpstreamProblemError as problem:
            if problem.code != PENDING_NOT_FOUND:
                raise
            return
        if pending.status != "open":
            return
        card = pending_card(pending, tasks.zone, tasks.today, await tasks.get_list_names())
        await run.stream_widget(widget(card), copy_text=titles_in(card))


async def confirm_changes(click: CardClick, payload: Any) -> None:
    """Apply the changes that the card shows."""
    action = read_payload(payload, payloads.ConfirmAction)
    tasks, path = click.tasks, f"/changes/pending/{action.pending_id}/confirm"
    try:
        body = await tasks.client.change(tasks.caller, "POST", path, {"revision": action.revision})
    except UpstreamProblemError as problem:
        await _show_why_refused(click, problem)
        return
    confirmed = msgspec.json.decode(body, type=PendingChange)
    names = await tasks.get_list_names()
    await click.redraw(lambda _: confirmed_card(confirmed, tasks.zone, tasks.today, names))
    await click.record_change(
        "answer_pending", {"confirm": True}, outcome_summary(confirmed.outcome)
    )


async def discard_changes(click: CardClick, payload: Any) -> None:
    """Discard the changes that the card shows."""
    action = read_payload(payload, payloads.DiscardAction)
    tasks, path = click.tasks, f"/changes/pending/{action.pending_id}/discard"
    try:
        await tasks.client.change(tasks.caller, "POST", path)
    except UpstreamProblemError as problem:
        await _show_why_refused(click, problem)
        return
    await click.redraw(lambda _: message_card("Nothing was changed."))
    output = {"ok": True, "note": "Nothing was changed."}
    await record_action(click.run, "answer_pending", {"confirm": False}, output)


async def undo_changes(click: CardClick, payload: Any) -> None:
    """Undo the changes of a turn or a confirmation."""
    action = read_payload(payload, payloads.UndoAction)
    body = {"group_id": action.group_id, "task_ids": action.task_ids}
    response = await click.tasks.client.change(click.tasks.caller, "POST", "/changes/undo", body)
    undone = msgspec.json.decode(response, type=ChangeOutcome)
    await click.redraw(lambda _: message_card(undone_text(undone)))
    await click.record_change("undo", {}, outcome_summary(undone))


async def _show_why_refused(click: CardClick, problem: UpstreamProblemError) -> None:
    if problem.code == CHANGED:
        raise CustomStreamError(CHANGED_TEXT, allow_retry=False) from problem
    if problem.code not in {DECIDED, PENDING_NOT_FOUND}:
        raise problem
    is_expired = problem.code == PENDING_NOT_FOUND or problem.extensions["decision"] == "expired"
    text = EXPIRED_TEXT if is_expired else DECIDED_TEXT
    await click.redraw(lambda _: message_card(text))
    await click.run.stream(NoticeEvent(level="warning", message=text))

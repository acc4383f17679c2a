"""The cards at the end of a turn, Undo and the question of held changes, and the clicks on them."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from chatkit.types import NoticeEvent

from durable_chatkit.agent.actions import record_action
from durable_chatkit.agent.run_context import RunContext
from task_tools.answering import NOTHING_CHANGED, outcome_summary, undone_text
from task_tools.tasks_client import TasksClient
from task_tools.tool_tasks import PENDING_NOT_FOUND, ToolTasks
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import read_payload, refused
from todo_agent.card_click import CardClick
from todo_agent.cards import message_card, titles_in, widget
from todo_agent.pending_cards import confirmed_card, pending_card
from todo_agent.run_tasks import HELD, open_tasks
from todo_agent.undo_cards import conflict_text, summarize, undo_card
from todochat.contracts.task_changes import ChangeOutcome, PendingChange
from todochat.contracts.task_history import ChangePage
from todochat.errors import ServiceError
from todochat.http.client import UpstreamProblemError

DECIDED: Final = "pending-change-decided"
CHANGED: Final = "pending-change-changed"
UNDO_CONFLICT: Final = "undo-conflict"
NOTHING_TO_UNDO: Final = "nothing-to-undo"
UNDONE_ALREADY: Final = "There is nothing left to undo here."
HISTORY_TIMEOUT_S: Final = 2.0
MAX_CHANGES: Final = 200  # of a turn, for its summary; Undo covers all
EXPIRED_TEXT: Final = "This confirmation has expired; nothing was changed. Please ask again."
DECIDED_TEXT: Final = "You already answered this."
CHANGED_TEXT: Final = "More changes were added. The newest card shows all of them."

log = structlog.get_logger(__name__)


class TurnEnd:
    """Shows the cards at the end of a turn; see `durable_chatkit.agent.assistant.Assistant`."""

    def __init__(self, client: TasksClient) -> None:
        self._client = client

    async def __call__(self, run: RunContext) -> None:
        """Show what the turn changed, with Undo, and ask to confirm what it has held."""
        tasks = open_tasks(self._client, run)
        await self._offer_undo(run, tasks)
        if not run.scope.journal.has_choice(HELD):
            return
        pending = await tasks.find_pending(run.turn_id)
        if pending is not None:
            card = pending_card(pending, tasks.zone, tasks.today, await tasks.get_list_names())
            await run.stream_widget(widget(card), copy_text=titles_in(card))

    async def _offer_undo(self, run: RunContext, tasks: ToolTasks) -> None:
        """Show the card with Undo, if the tasks service answers in time: the turn has succeeded."""
        query = {"group_id": run.turn_id, "limit": str(MAX_CHANGES)}
        try:
            async with asyncio.timeout(HISTORY_TIMEOUT_S):
                changed = await tasks.client.read(tasks.caller, "/changes", ChangePage, query)
        except (TimeoutError, ServiceError) as error:
            log.warning("turn.undo_not_offered", run_id=run.scope.run_id, error=error)
            return
        summary = summarize(changed.items)
        if not summary:
            return
        is_undone = all(change.undoes is not None for change in changed.items)
        card = undo_card(summary, {"group_id": run.turn_id}, is_undone=is_undone)
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
    await click.redraw(lambda _: message_card(NOTHING_CHANGED))
    output = {"ok": True, "note": NOTHING_CHANGED}
    await record_action(click.run, "answer_pending", {"confirm": False}, output)


async def undo_changes(click: CardClick, payload: Any) -> None:
    """Undo changes, or redo those that were undone; the card then offers the opposite."""
    action = read_payload(payload, payloads.UndoAction)
    target = {
        name: value
        for name, value in (("group_id", action.group_id), ("request_id", action.request_id))
        if value is not None
    }
    body = {**target, **({"task_ids": action.task_ids} if action.task_ids else {})}
    try:
        response = await click.tasks.client.change(
            click.tasks.caller, "POST", "/changes/undo", body
        )
    except UpstreamProblemError as problem:
        await _show_why_not_undone(click, problem, action, target)
        return
    undone = msgspec.json.decode(response, type=ChangeOutcome)
    text = undone_text(undone)
    if action.redo:
        text = action.summary or text.replace("Undone", "Redone", 1)
    after = {"request_id": undone.request_id} if undone.request_id is not None else None
    await click.redraw(
        lambda _: undo_card(text, after, summary=action.summary, is_undone=not action.redo)
    )
    await click.record_change("undo", {}, outcome_summary(undone))


async def _show_why_not_undone(
    click: CardClick,
    problem: UpstreamProblemError,
    action: payloads.UndoAction,
    target: Mapping[str, str],
) -> None:
    """Say on the card which later changes are in the way; its button stays."""
    if problem.code == NOTHING_TO_UNDO:
        await click.dismiss(UNDONE_ALREADY, payloads.UNDO, **target)
        return
    if problem.code != UNDO_CONFLICT:
        raise problem
    note = conflict_text([str(name) for name in problem.extensions.get("conflicts") or ()])

    def draw(root: dict[str, Any]) -> dict[str, Any]:
        text = (titles_in(root).splitlines() or [action.summary])[0]
        return undo_card(text, target, summary=action.summary, note=note, is_undone=action.redo)

    await click.redraw(draw)
    await click.run.stream(NoticeEvent(level="warning", message=note))


async def _show_why_refused(click: CardClick, problem: UpstreamProblemError) -> None:
    if problem.code == CHANGED:
        raise refused(CHANGED_TEXT) from problem
    if problem.code not in {DECIDED, PENDING_NOT_FOUND}:
        raise problem
    is_expired = problem.code == PENDING_NOT_FOUND or problem.extensions["decision"] == "expired"
    text = EXPIRED_TEXT if is_expired else DECIDED_TEXT
    await click.dismiss(text, payloads.CONFIRM)
    await click.run.stream(NoticeEvent(level="warning", message=text))

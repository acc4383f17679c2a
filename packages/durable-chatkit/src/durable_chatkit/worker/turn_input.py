"""Looks up what a turn starts from: its thread, a retried message's effects, an open workflow."""

import dataclasses
from typing import Final

import msgspec
from agents import TResponseInputItem
from chatkit.types import (
    ClientToolCallItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    ThreadMetadata,
    WidgetItem,
    WorkflowItem,
)
from pydantic_core import from_json

from durable_chatkit.agent.retry_effects import earlier_call_items, removed_effects_note
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import START_KEY, RunScope
from durable_chatkit.chatkit.rows import as_local
from durable_chatkit.chatkit.server import AcceptedTurn
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunRepository

LOOK_BACK_ITEMS: Final = 20
RETRY: Final = "threads.retry_after_item"


class TurnStart(msgspec.Struct):
    """The thread and the sender before the first attempt, which a hosted server gets in each one."""

    thread: msgspec.Raw
    sender: msgspec.Raw = msgspec.Raw(b"null")


async def load_turn_start(turn: AcceptedTurn, scope: RunScope) -> AcceptedTurn:
    """Return a turn as its first attempt got it, in openai-chatkit's form: with local times.

    Earlier attempts may have set a title, counted something in the thread's metadata, or replaced
    the widget that sent the action; the server would do it a second time.
    """
    payload = scope.load(START_KEY)
    if payload is None:
        start = TurnStart(msgspec.Raw(turn.thread.model_dump_json().encode()))
        if turn.sender is not None:
            start.sender = msgspec.Raw(turn.sender.model_dump_json().encode())
        await scope.save(START_KEY, msgspec.json.encode(start))
    else:
        start = msgspec.json.decode(payload, type=TurnStart)
    thread = ThreadMetadata.model_validate(from_json(bytes(start.thread)))
    thread.created_at = as_local(thread.created_at)
    recorded = from_json(bytes(start.sender))
    sender = WidgetItem.model_validate(recorded) if recorded is not None else None
    if sender is not None:
        sender.created_at = as_local(sender.created_at)
    message = turn.user_message
    if message is not None:
        message = message.model_copy(update={"created_at": as_local(message.created_at)})
    return dataclasses.replace(turn, thread=thread, sender=sender, user_message=message)


async def load_retry_effects(runs: RunRepository, run: RunRecord) -> list[TResponseInputItem]:
    """Return the side effects of earlier runs of a retried message; empty if it is no retry."""
    if run.request_type != RETRY:
        return []
    return [
        *removed_effects_note(await runs.load_removed_tool_steps(run)),
        *earlier_call_items(await runs.load_earlier_tool_steps(run)),
    ]


async def find_open_workflow(run: RunContext) -> WorkflowItem | None:
    """Return the workflow before the thread's last client tool call, which the turn continues.

    openai-chatkit expects it at the last but one item. Our threads may have hidden records of tool
    calls there.
    """
    page = await run.store.load_thread_items(
        run.thread.id, None, LOOK_BACK_ITEMS, "desc", run.request_context
    )
    for item in page.data:
        if isinstance(item, WorkflowItem):
            return item if item.workflow.summary is None else None
        if not isinstance(item, ClientToolCallItem | HiddenContextItem | SDKHiddenContextItem):
            return None
    return None

"""An accepted turn: what the worker finds, and has to say first, before the agent answers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from chatkit.actions import Action
from chatkit.types import (
    Page,
    Thread,
    ThreadCreatedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadsCustomActionReq,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.requests import parse_stored_action
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.storage.run import RunRecord

_SAYS_USER_MESSAGE: Final = frozenset({"threads.create", "threads.add_user_message"})


@dataclass(frozen=True, kw_only=True)
class AcceptedTurn:
    """One turn, as acceptance left it in storage.

    Args:
        thread: where it happens.
        opening_events: what acceptance did, in the order to say it; all of it is stored already.
        user_message: the message to answer; also set for a retry, None when a tool's output, a
            structured input or an action is what is to be answered.
        action: set for actions only, with the widget that sent it, if one did.
        not_before: every item of the turn is younger than this, whatever this machine's clock says.
    """

    thread: ThreadMetadata
    not_before: datetime
    opening_events: list[ThreadStreamEvent] = field(default_factory=list)
    user_message: UserMessageItem | None = None
    action: Action[str, Any] | None = None
    sender: WidgetItem | None = None


async def load_turn(store: PostgresStore, run: RunRecord, context: RequestContext) -> AcceptedTurn:
    """Load what a run has to answer.

    Raises:
        UnknownResourceError: the thread, or the item it is about, has been deleted since.
    """
    thread = await store.load_thread(run.thread_id, context)
    message = await _load_user_message(store, run, context)
    opening: list[ThreadStreamEvent] = []
    if run.turn.new_thread:
        opening.append(ThreadCreatedEvent(thread=_empty_thread(thread)))
    opening += [ThreadItemRemovedEvent(item_id=item_id) for item_id in run.turn.removed_item_ids]
    if message is not None and run.request_type in _SAYS_USER_MESSAGE:
        opening.append(ThreadItemDoneEvent(item=message))
    if run.turn.replaced_item_id is not None:
        replaced = await store.load_item(thread.id, run.turn.replaced_item_id, context)
        opening.append(ThreadItemReplacedEvent(item=replaced))
    return AcceptedTurn(
        thread=thread,
        not_before=await _not_before(store, run, context),
        opening_events=opening,
        user_message=message,
        action=_action(run),
        sender=await _load_sender(store, run, context),
    )


async def _load_user_message(
    store: PostgresStore, run: RunRecord, context: RequestContext
) -> UserMessageItem | None:
    if run.user_message_id is None:
        return None
    item = await store.load_item(run.thread_id, run.user_message_id, context)
    return item if isinstance(item, UserMessageItem) else None


async def _load_sender(
    store: PostgresStore, run: RunRecord, context: RequestContext
) -> WidgetItem | None:
    if run.turn.sender_item_id is None:
        return None
    item = await store.load_item(run.thread_id, run.turn.sender_item_id, context)
    return item if isinstance(item, WidgetItem) else None


async def _not_before(store: PostgresStore, run: RunRecord, context: RequestContext) -> datetime:
    """Acceptance made `created_at` later than every item; a takeover must not go behind its own."""
    if run.attempt <= 1:
        return run.created_at
    newest = await store.load_thread_items(run.thread_id, None, 1, "desc", context)
    return max([run.created_at, *(item.created_at for item in newest.data)])


def _action(run: RunRecord) -> Action[str, Any] | None:
    if run.request_type != ThreadsCustomActionReq.model_fields["type"].default:
        return None
    return parse_stored_action(run.request)


def _empty_thread(thread: ThreadMetadata) -> Thread:
    return Thread(
        id=thread.id,
        title=thread.title,
        created_at=thread.created_at,
        status=thread.status,
        allowed_image_domains=thread.allowed_image_domains,
        items=Page(),
    )

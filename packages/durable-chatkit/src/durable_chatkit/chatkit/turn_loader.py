"""Loads an accepted turn: the stored state and the events that precede the agent's response."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

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

ItemT = TypeVar("ItemT", UserMessageItem, WidgetItem)

_PUBLISHES_USER_MESSAGE: Final = frozenset({"threads.create", "threads.add_user_message"})


@dataclass(frozen=True, kw_only=True)
class AcceptedTurn:
    """A turn as stored by acceptance.

    Args:
        thread: the turn's thread.
        opening_events: acceptance's changes, in publishing order; all of them are stored already.
        user_message: the message to answer, also for a retry; None for the output of a client
            tool, a structured input or an action.
        action: set only for actions.
        sender: the widget that sent the action, None if the page sent it.
        not_before: items of the turn get later times than this, whatever this machine's clock says.
    """

    thread: ThreadMetadata
    not_before: datetime
    opening_events: list[ThreadStreamEvent] = field(default_factory=list)
    user_message: UserMessageItem | None = None
    action: Action[str, Any] | None = None
    sender: WidgetItem | None = None


async def load_turn(store: PostgresStore, run: RunRecord, context: RequestContext) -> AcceptedTurn:
    """Load the turn of a run.

    Raises:
        UnknownResourceError: the thread or a referenced item has been deleted since acceptance.
    """
    record, thread_id = run.turn, run.thread_id
    thread = await store.load_thread(thread_id, context)
    message = await _load_item(store, thread_id, run.user_message_id, UserMessageItem, context)
    opening: list[ThreadStreamEvent] = []
    if record.new_thread:
        empty = Thread(
            id=thread.id,
            title=thread.title,
            created_at=thread.created_at,
            status=thread.status,
            allowed_image_domains=thread.allowed_image_domains,
            items=Page(),
        )
        opening.append(ThreadCreatedEvent(thread=empty))
    opening += [ThreadItemRemovedEvent(item_id=item_id) for item_id in record.removed_item_ids]
    if message is not None and run.request_type in _PUBLISHES_USER_MESSAGE:
        opening.append(ThreadItemDoneEvent(item=message))
    if record.replaced_item_id is not None:
        replaced = await store.load_item(thread_id, record.replaced_item_id, context)
        opening.append(ThreadItemReplacedEvent(item=replaced))
    not_before = run.created_at  # later than every item of the thread at acceptance
    if run.attempt > 1:  # new items must also be later than those of earlier attempts
        newest = await store.load_thread_items(thread_id, None, 1, "desc", context)
        not_before = max([not_before, *(item.created_at for item in newest.data)])
    is_action = run.request_type == ThreadsCustomActionReq.model_fields["type"].default
    return AcceptedTurn(
        thread=thread,
        not_before=not_before,
        opening_events=opening,
        user_message=message,
        action=parse_stored_action(run.request) if is_action else None,
        sender=await _load_item(store, thread_id, record.sender_item_id, WidgetItem, context),
    )


async def _load_item(
    store: PostgresStore,
    thread_id: str,
    item_id: str | None,
    kind: type[ItemT],
    context: RequestContext,
) -> ItemT | None:
    if item_id is None:
        return None
    item = await store.load_item(thread_id, item_id, context)
    return item if isinstance(item, kind) else None

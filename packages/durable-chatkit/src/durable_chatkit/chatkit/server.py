"""openai-chatkit's server on PostgreSQL, split in two: the API accepts turns, a worker runs them."""

from abc import ABC
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from chatkit.actions import Action
from chatkit.server import ChatKitServer
from chatkit.types import (
    FeedbackKind,
    Page,
    Thread,
    ThreadCreatedEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadsCustomActionReq,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
    UserMessageItem,
    WidgetItem,
)
from typing_extensions import override

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.private_api import process_events
from durable_chatkit.chatkit.requests import parse_stored_action
from durable_chatkit.chatkit.rows import as_utc
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


TICK: Final = timedelta(microseconds=1)  # least distance between the times of two items


class StoredChatServer(ChatKitServer[RequestContext], ABC):
    """Common base of the API's and the worker's server."""

    store: PostgresStore

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
    ) -> None:
        """Store a user's feedback on items."""
        await self.store.save_feedback(thread_id, item_ids, feedback, context)

    async def end_turn(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
        *,
        is_stopping: bool,
    ) -> None:
        """Change a thread at the end of a turn, whatever its outcome; by default nothing.

        Args:
            is_stopping: the turn was cancelled or failed, so don't wait for anything.
        """

    async def aclose(self) -> None:
        """Stop what the turn has left running; by default nothing."""


class AcceptingServer(StoredChatServer):
    """The API's server: handles requests that need no agent."""

    @override
    def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Raise: only workers run turns."""
        msg = "the API accepts turns; workers run them"
        raise RuntimeError(msg)


async def run_turn(
    server: ChatKitServer[Any],
    turn: AcceptedTurn,
    context: Any,
    stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
    published_times: Mapping[str, datetime],
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield the opening events of a turn, then those of `stream`, which the server's store gets, too.

    A later attempt may yield the same events again: ids are equal, items are upserted, and the
    publisher drops events that are already published. Consume it to its end; see `process_events`.

    Args:
        context: of the type that the server's methods take.
        stream: the events of the server's `respond` or `action`.
        published_times: times of items that viewers have as unfinished, by id.
    """
    for opening in turn.opening_events:
        yield opening

    def stamped() -> AsyncIterator[ThreadStreamEvent]:
        return with_utc_times(stream(), turn.not_before, published_times)

    async for event in process_events(server, turn.thread, context, stamped):
        if isinstance(event, ThreadUpdatedEvent):
            event.thread.created_at = as_utc(event.thread.created_at)
        yield event


async def with_utc_times(
    events: AsyncIterator[ThreadStreamEvent],
    not_before: datetime,
    published_times: Mapping[str, datetime],
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield events whose items have UTC times, increasing in the order of their first event.

    openai-chatkit stamps items with `datetime.now()`: naive local time, which clients in other time
    zones display incorrectly, and a new value for each event of the same item.

    Items are sorted by time, so each item must be later than the ones before it, even if two share
    a microsecond or this machine's clock is behind. Events and items are copied, because
    their author may keep them and compare a naive time with `datetime.now()`.

    Args:
        not_before: every new item gets a later time than this.
        published_times: times by id that items keep, as they did in an earlier attempt.
    """
    times = dict(published_times)
    latest = max([not_before, *times.values()])
    async for event in events:
        match event:
            case ThreadItemAddedEvent() | ThreadItemDoneEvent():
                item = event.item
                if item.id not in times:
                    latest = max(as_utc(item.created_at), latest + TICK)
                    times[item.id] = latest
            case ThreadItemReplacedEvent():
                item = event.item
                times.setdefault(item.id, as_utc(item.created_at))
            case _:
                yield event
                continue
        stamped = item.model_copy(update={"created_at": times[item.id]})
        yield event.model_copy(update={"item": stamped})

"""openai-chatkit's server on PostgreSQL, split in two: the API accepts turns, a worker runs them."""

from abc import ABC
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from chatkit.server import ChatKitServer
from chatkit.types import (
    FeedbackKind,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)
from typing_extensions import override

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.private_api import process_events
from durable_chatkit.chatkit.rows import as_utc
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.chatkit.turn_loader import AcceptedTurn

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

    async def run_turn(
        self, turn: AcceptedTurn, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Yield the opening events, then the events of `respond` or `action`.

        A later attempt may yield the same events again: ids are equal, items are upserted, and the
        publisher drops events that are already published. Consume it to its end; see
        `process_events`.
        """
        for event in turn.opening_events:
            yield event

        def stream() -> AsyncIterator[ThreadStreamEvent]:
            if turn.action is not None:
                events = self.action(turn.thread, turn.action, turn.sender, context)
            else:
                events = self.respond(turn.thread, turn.user_message, context)
            return with_utc_times(events, turn.not_before)

        async for event in process_events(self, turn.thread, context, stream):
            yield event


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


async def with_utc_times(
    events: AsyncIterator[ThreadStreamEvent], not_before: datetime
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield events whose items have UTC times, increasing in the order of their first event.

    openai-chatkit stamps items with `datetime.now()`: naive local time, which clients in other time
    zones display incorrectly, and a new value for each event of the same item.

    Items are sorted by time, so each item must be later than the ones before it, even if two share
    a microsecond or this machine's clock is behind. Items are changed in place, so that the stored
    and the published item agree.

    Args:
        not_before: every new item gets a later time than this.
    """
    times: dict[str, datetime] = {}
    latest = not_before
    async for event in events:
        match event:
            case ThreadItemAddedEvent() | ThreadItemDoneEvent():
                item = event.item
                if item.id not in times:
                    latest = max(as_utc(item.created_at), latest + TICK)
                    times[item.id] = latest
                item.created_at = times[item.id]
            case ThreadItemReplacedEvent():
                item = event.item
                item.created_at = times.setdefault(item.id, as_utc(item.created_at))
            case _:
                pass
        yield event

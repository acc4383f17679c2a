"""openai-chatkit's server on our storage, split at acceptance: the api accepts, a worker answers."""

from abc import ABC
from collections.abc import AsyncIterator

from chatkit.server import ChatKitServer
from chatkit.types import FeedbackKind, ThreadMetadata, ThreadStreamEvent, UserMessageItem
from typing_extensions import override

from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.private_api import process_events
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.chatkit.times import with_utc_times
from durable_chatkit.chatkit.turn_loader import AcceptedTurn


class StoredChatServer(ChatKitServer[RequestContext], ABC):
    """What the api's and the worker's server have in common."""

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
        """Store what the user thinks of some items."""
        await self.store.save_feedback(thread_id, item_ids, feedback, context)

    async def run_turn(
        self, turn: AcceptedTurn, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Say what acceptance did, then let `respond` or `action` answer.

        A second attempt may say all of it again: ids are the same, items are upserted, and the
        publisher drops what viewers have. Consume it to its end; see `process_events`.
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
    """The api's server: answers what needs no agent."""

    @override
    def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Refuse: answering is a worker's work."""
        msg = "the api accepts turns, workers answer them"
        raise RuntimeError(msg)

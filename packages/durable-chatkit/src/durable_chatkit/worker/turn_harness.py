"""Drives one attempt at a turn of any ChatKitServer, ours or an adopter's."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Set
from contextlib import aclosing, suppress
from typing import Any, Final

import structlog
from agents import ModelRefusalError
from chatkit.errors import CustomStreamError, StreamError
from chatkit.server import ChatKitServer
from chatkit.types import (
    ClientEffectEvent,
    ClientToolCallItem,
    ErrorEvent,
    NoticeEvent,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetItem,
    WidgetRootUpdated,
    WorkflowItem,
)

from durable_chatkit.agent.assistant import REFUSAL
from durable_chatkit.agent.failures import (
    INTERNAL,
    NO_ACTIONS,
    Failure,
    describe_action_failure,
    describe_empty,
    describe_failure,
    describe_for_operator,
    describe_hosted_failure,
    is_tripwire,
)
from durable_chatkit.agent.generated_images import GeneratedImages
from durable_chatkit.agent.run_scope import AT_END, RunScope, RunStoppedError
from durable_chatkit.chatkit.context import RequestContext, TurnItems
from durable_chatkit.chatkit.server import AcceptedTurn, StoredChatServer, run_turn
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import UnknownResourceError
from durable_chatkit.hosting.context import make_context
from durable_chatkit.worker.answering import refusal_message
from durable_chatkit.worker.fold import (
    KEPT_BY_TAKEOVERS,
    LogFold,
    OpenItems,
    partial_messages,
)
from durable_chatkit.worker.frame_publisher import hold_unproven
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.pump import pump
from durable_chatkit.worker.run_handle import RunHandle
from durable_chatkit.worker.turn_end import (
    THREAD_UPDATED,
    close_open_items,
    thread_updated,
)
from durable_chatkit.worker.turn_input import load_turn_start

THREAD_DELETED: Final = "thread-deleted"
_SHOWN: Final = frozenset(
    {
        "assistant_message",
        "widget",
        "client_tool_call",
        "structured_input",
        "generated_image",
        "task",
    }
)
_CLIENT_EFFECT: Final = "client_effect"

_Events = AsyncGenerator[ThreadStreamEvent, None]

log = structlog.get_logger(__name__)


class TurnHarness:
    """Drives one turn once.

    It makes an attempt look like the first one to the server: items that no finished step proves are
    removed, and the server doesn't see those of finished steps before it has added them again.

    Args:
        server: responds; an adopter's server is iterated in a task of its own.
        published: the events of earlier attempts.
        is_first: no attempt has driven the turn before.

    Attributes:
        failure: why the turn failed, None if it didn't.
    """

    def __init__(
        self,
        server: ChatKitServer[Any],
        store: PostgresStore,
        *,
        run_handle: RunHandle,
        scope: RunScope,
        journal: StepJournal,
        images: GeneratedImages,
        published: LogFold,
        is_first: bool,
    ) -> None:
        self._server = server
        self._store = store
        self._handle = run_handle
        self._scope = scope
        self._journal = journal
        self._images = images
        self._published = published
        self._is_first = is_first
        self._unproven: list[str] = []
        self._is_hosted = not isinstance(server, StoredChatServer)
        self._open = OpenItems()
        self._has_shown = (
            bool(_SHOWN.intersection(published.done.values()))
            or _CLIENT_EFFECT in published.event_types
        )
        self._stream_of_turn: _Events | None = None
        self._is_muted = False
        self._stream_error: StreamError | None = None
        self.was_cancelled = False
        self.failure: Failure | None = None

    async def run(
        self, turn: AcceptedTurn, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Yield the events of the turn; the store already has their items. Consume it to its end."""
        items = context.turn_items = await self._load_items(turn, context)
        server_context: Any = context
        if self._is_hosted:
            turn = await load_turn_start(turn, self._scope)
            try:
                server_context = make_context(self._server, context)
                self._server.get_stream_options(turn.thread, server_context)
            except Exception as error:  # noqa: BLE001 - reported here, as nothing else could
                self._record_failure(error, turn)
                for opening in turn.opening_events:
                    yield opening
                yield ErrorEvent(message=INTERNAL.message, allow_retry=INTERNAL.allow_retry)
                return

        def stream() -> AsyncIterator[ThreadStreamEvent]:
            self._stream_of_turn = self._stream(turn, context, server_context, items)
            return self._stream_of_turn

        times = {item.id: item.created_at for item in self._published.open.items.values()}
        async for event in run_turn(self._server, turn, server_context, stream, times):
            self._open.apply(event)
            yield event

    def mute(self) -> None:
        """Publish and store nothing more; the turn will be driven again."""
        self._is_muted = True

    async def aclose(self) -> None:
        """Close the stream of a turn that openai-chatkit has abandoned."""
        if self._stream_of_turn is not None:
            await self._stream_of_turn.aclose()
        if isinstance(self._server, StoredChatServer):
            await self._server.aclose()

    async def _load_items(self, turn: AcceptedTurn, context: RequestContext) -> TurnItems:
        """Find the items that earlier attempts stored: proven ones stay, the others are removed.

        Viewers get the removal of each visible item, because they may have read it from the thread.
        A proven item that no viewer got is deleted, to be added again in its place among the others.
        """
        if self._is_first or self._handle.stopping:
            return TurnItems()
        owned = self._journal.owned_item_ids()
        unproven = dict.fromkeys(self._published.unfinished_items(owned))
        stored = {}
        for item in await self._store.load_run_items(turn.thread.id, context):
            is_in_log = item.hidden or not self._published.is_gone(item.id)
            is_new = not (is_in_log or self._published.is_cut)
            if item.type == "user_message":  # stored at acceptance
                continue
            if item.id in owned or item.type in KEPT_BY_TAKEOVERS:
                if not is_new:
                    stored[item.id] = item.created_at
                    continue
            elif not item.hidden:
                unproven[item.id] = None
                continue
            await self._store.delete_thread_item(turn.thread.id, item.id, context)
        self._unproven = list(unproven)
        return TurnItems(stored, self._scope.replayed_item_ids)

    async def _stream(
        self, turn: AcceptedTurn, context: RequestContext, server_context: Any, items: TurnItems
    ) -> _Events:
        if not self._handle.stopping:
            for item_id in self._unproven:
                yield ThreadItemRemovedEvent(item_id=item_id)
            answering = self._record_items(
                self._answer(turn, context, server_context), context, items
            )
            shown = hold_unproven(answering, self._scope, self._published)
            async with aclosing(shown) as events:
                async for event in events:
                    if await self._must_publish(event, turn, context):
                        yield event
        self.failure = self.failure or self._handle.failure
        self.was_cancelled = self._handle.cancelled and self.failure is None
        is_silent = self._handle.released is not None or self._is_muted
        if is_silent or self._handle.cancel_reason == THREAD_DELETED:
            return
        items.is_closing = True
        async with aclosing(self._close(turn, context, server_context, items)) as events:
            async for event in events:
                yield event
        if self.failure is not None:
            if self._stream_error is not None:
                raise self._stream_error
            raise CustomStreamError(self.failure.message, allow_retry=self.failure.allow_retry)

    async def _answer(
        self, turn: AcceptedTurn, context: RequestContext, server_context: Any
    ) -> _Events:
        """Stream the server; a failure is recorded instead of raised, except for a lost run."""
        try:
            events = self._open_response(turn, server_context)
            if self._is_hosted:
                context.opening = None  # a server reads and writes its thread in any order
                events = pump(events, self._handle)
            async with aclosing(events) as stream:  # type: ignore[type-var] # ours are generators
                async for event in stream:
                    context.opening = None
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except Exception as error:  # noqa: BLE001 - any error is reported to the user
            if self._is_stopping:
                return
            words = self._refusal_of(error)
            if words is None:
                self._record_failure(error, turn)
                return
            log.info("run.refused", run_id=self._scope.run_id, reason=type(error).__name__)
            if words:
                yield refusal_message(self._scope, turn.thread.id, words)
        else:
            for notice in self._check_answer(turn):
                yield notice

    def _check_answer(self, turn: AcceptedTurn) -> Iterator[ThreadStreamEvent]:
        """Yield a notice about an answer that was cut off; an empty answer is a failure.

        An action may show nothing, and so may an adopter's server.
        """
        notice = self._scope.cut_notice
        has_shown = self._has_shown or self._journal.has_choice(AT_END)
        may_be_empty = turn.action is not None or self._is_hosted or self._is_stopping
        if not (has_shown or may_be_empty):
            self.failure = describe_empty(notice)
        elif notice is not None:
            yield NoticeEvent(level="warning", message=notice)

    def _refusal_of(self, error: Exception) -> str | None:
        """Return the words that replace an answer, "" if viewers have them, None for a failure.

        The SDK raises an error after a model's refusal, and may drop the events before it.
        """
        if is_tripwire(error):
            return REFUSAL
        if not isinstance(error, ModelRefusalError):
            return None
        is_known = self._has_shown or partial_messages(self._open.items.values())
        return "" if is_known else error.refusal or REFUSAL

    def _open_response(self, turn: AcceptedTurn, context: Any) -> AsyncIterator[ThreadStreamEvent]:
        if turn.action is None:
            return self._server.respond(turn.thread, turn.user_message, context)
        if type(self._server).action is ChatKitServer.action:
            raise CustomStreamError(NO_ACTIONS.message, allow_retry=False)
        return self._server.action(turn.thread, turn.action, turn.sender, context)

    @property
    def _is_stopping(self) -> bool:
        return self._handle.stopping or self._is_muted

    async def _record_items(
        self, answering: _Events, context: RequestContext, items: TurnItems
    ) -> _Events:
        """Record finished items, and replace the images in events by links to stored ones."""
        async with aclosing(answering) as events:
            async for event in events:
                if isinstance(event, ThreadItemDoneEvent):
                    if isinstance(event.item, ClientToolCallItem):
                        # A model's provider may repeat its IDs.
                        update = {"id": context.ids.next_id("tool_call")}
                        renamed = event.item.model_copy(update=update)
                        event = event.model_copy(update={"item": renamed})  # noqa: PLW2901
                    items.mark_added(event.item.id)
                for stored in await self._images.store_images(event):
                    yield stored

    async def _must_publish(
        self, event: ThreadStreamEvent, turn: AcceptedTurn, context: RequestContext
    ) -> bool:
        """Note what an event does; return False for an effect that an earlier attempt published."""
        self._has_shown = self._has_shown or is_shown(event)
        match event:
            case ThreadItemUpdatedEvent(update=WidgetRootUpdated() as update):
                if self._is_hosted and event.item_id not in self._open.items:
                    # openai-chatkit publishes the update of a finished widget, but doesn't store it.

                    def change(item: ThreadItem) -> ThreadItem:
                        if isinstance(item, WidgetItem):
                            item.widget = update.widget
                        return item

                    with suppress(UnknownResourceError):  # deleted since
                        await self._store.update_item(
                            turn.thread.id, event.item_id, change, context
                        )
            case ClientEffectEvent() | NoticeEvent():
                return not self._scope.was_published(event)
            case _:
                pass
        return True

    def _record_failure(self, error: Exception, turn: AcceptedTurn) -> None:
        describe = describe_hosted_failure if self._is_hosted else describe_failure
        self.failure = describe(error)
        if turn.action is not None:
            self.failure = describe_action_failure(error, self.failure)
        if self._is_hosted and isinstance(error, StreamError):
            self._stream_error = error
        write = log.exception if self.failure.code == INTERNAL.code else log.warning
        details = describe_for_operator(error)
        code = self.failure.code
        write("run.failed", run_id=self._scope.run_id, code=code, error=error, **details)

    async def _close(
        self, turn: AcceptedTurn, context: RequestContext, server_context: Any, items: TurnItems
    ) -> _Events:
        """Close open items, publish a title that an earlier attempt stored, and end the turn."""
        unreached = self._published.open.items.keys() - self._open.items.keys()
        if self._handle.stopping:  # published text stays
            self._open = self._published.open
        if self.was_cancelled:
            items.added.difference_update(self._open.items)
            await self._tell_cancelled(turn.thread, server_context)
            for item_id in items.added.intersection(self._open.items):
                item = await self._store.load_item(turn.thread.id, item_id, context)
                yield ThreadItemDoneEvent(item=item)
        elif self.failure is None:
            for item_id in items.added.intersection(self._open.items):
                # openai-chatkit has stored a workflow, which a later turn continues.
                self._open.items.pop(item_id)
        closing = close_open_items(self._open, keep_text=not self.was_cancelled)
        for event in [*self._remove_abandoned(unreached), *closing]:
            yield event
        is_takeover = self._handle.record.turn.new_thread and self._scope.attempt > 1
        is_title_published = THREAD_UPDATED in self._published.event_types
        if turn.thread.title is not None and is_takeover and not is_title_published:
            # An earlier attempt stored the title and died before publishing it.
            yield thread_updated(turn.thread)
        if isinstance(self._server, StoredChatServer):
            items.is_titling = turn.thread.title is None
            is_over = self._handle.stopping or self.failure is not None
            await self._server.end_turn(
                turn.thread, turn.user_message, context, is_stopping=is_over
            )

    def _remove_abandoned(self, unreached: Set[str]) -> Iterator[ThreadStreamEvent]:
        """Remove published items of recorded steps that this attempt leaves out.

        Args:
            unreached: open items of earlier attempts that a failure or a tripwire came before.
        """
        if self._is_stopping:
            return
        abandoned = set(unreached)
        if self.failure is None:
            known = self._published.done.keys() | self._published.open.items.keys()
            abandoned |= self._journal.owned_item_ids(self._scope.record_unclaimed()) & known
        for item_id in sorted(abandoned):
            yield ThreadItemRemovedEvent(item_id=item_id)

    async def _tell_cancelled(self, thread: ThreadMetadata, context: Any) -> None:
        """Let the server keep what it wants of its open items, by default their text."""
        pending = [item.model_copy(deep=True) for item in self._open.items.values()]
        try:
            await self._server.handle_stream_cancelled(thread, pending, context)
        except Exception:
            log.exception("run.cancel_handler_failed", run_id=self._scope.run_id)


def is_shown(event: ThreadStreamEvent) -> bool:
    """Return whether an event shows the user something, so that an answer isn't empty.

    Reasoning alone is no answer; an agent's own workflow is.
    """
    match event:
        case ThreadItemDoneEvent(item=WorkflowItem() as item):
            return item.workflow.type == "custom"
        case ThreadItemDoneEvent():
            return event.item.type in _SHOWN
        case _:
            return event.type == _CLIENT_EFFECT

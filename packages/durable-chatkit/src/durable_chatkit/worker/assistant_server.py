"""The built-in ChatKitServer: responds with an `Assistant`, for one attempt at a run."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import structlog
from agents import TResponseInputItem
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import (
    SDKHiddenContextItem,
    StreamOptions,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from typing_extensions import override

from durable_chatkit.agent.actions import ACTION_POSITION, TURN_END_POSITION
from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.attached_files import load_images
from durable_chatkit.agent.failures import NO_ACTIONS, is_tripwire
from durable_chatkit.agent.history import HistoryConverter, HistoryLimits, load_history
from durable_chatkit.agent.mcp_servers import McpConnections
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import AT_END, RunScope
from durable_chatkit.agent.turns import find_turn_id
from durable_chatkit.agent.workflow import Workflow
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.server import StoredChatServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.worker.action_stream import stream_handler
from durable_chatkit.worker.answering import (
    describe_refusal,
    refusal_message,
    stream_agent,
    stream_workflow,
)
from durable_chatkit.worker.fold import LogFold, partial_messages
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.run_handle import RunHandle
from durable_chatkit.worker.turn_end import ThreadTitle
from durable_chatkit.worker.turn_input import find_open_workflow
from todochat.clock import utc_now

TOOL_OUTPUT: Final = "threads.add_client_tool_output"
CANCELLED_NOTE: Final = "The user cancelled this answer. Don't continue it unless asked to."
ABANDONED_NOTE: Final = "This answer broke off because the user's connection was lost."
RUNNING_CALLS: Final = " Calls that were running may or may not have taken effect: "

_Events = AsyncGenerator[ThreadStreamEvent, None]

log = structlog.get_logger(__name__)


class AssistantServer(StoredChatServer):
    """Responds to one accepted turn.

    Args:
        published: the events of earlier attempts.
        effects: for a retry, the side effects of earlier runs of the same message.
    """

    def __init__(
        self,
        store: PostgresStore,
        *,
        assistant: Assistant,
        max_turns: int,
        limits: HistoryLimits,
        run_handle: RunHandle,
        scope: RunScope,
        journal: StepJournal,
        published: LogFold,
        effects: list[TResponseInputItem],
        mcp: McpConnections,
    ) -> None:
        super().__init__(store)
        self._assistant = assistant
        self._max_turns = max_turns
        self._limits = limits
        self._handle = run_handle
        self._scope = scope
        self._journal = journal
        self._published = published
        self._effects = effects
        self._mcp = mcp
        self._title: ThreadTitle | None = None

    @override
    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        run = self._context_of(thread, context, input_user_message)
        self._title = ThreadTitle(run, input_user_message, self._assistant.title_of)
        self._title.start()
        failure: Exception | None = None
        try:
            async with aclosing(self._stream(run)) as events:
                async for event in events:
                    yield event
        except Exception as error:  # noqa: BLE001 - raised again below
            if is_tripwire(error) and not self._scope.is_stopping:
                log.info("run.refused", run_id=self._scope.run_id, reason=type(error).__name__)
                text = await describe_refusal(self._assistant, run, error)
                yield refusal_message(self._scope, thread.id, text)
            else:
                failure = error
        try:
            finish = self._assistant.finish_turn
            is_over = self._scope.is_stopping or not self._journal.has_choice(AT_END)
            if finish is not None and not is_over:  # a tool of the turn has requested it
                stream = stream_handler(finish, AT_END, TURN_END_POSITION, run, self._handle)
                async with aclosing(stream) as events:
                    async for event in events:
                        yield event
        except Exception as error:
            log.exception("run.finish_failed", run_id=self._scope.run_id)
            failure = failure or error
        if failure is not None:
            raise failure

    @override
    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        handler = self._assistant.handle_action
        if handler is None:
            raise CustomStreamError(NO_ACTIONS.message, allow_retry=False)
        run = self._context_of(thread, context)
        stream = stream_handler(
            partial(handler, action, sender), action.type, ACTION_POSITION, run, self._handle
        )
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    @override
    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        return StreamOptions(allow_cancel=self._assistant.allow_cancel)

    @override
    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: RequestContext
    ) -> None:
        """Store partial messages, and a note for the model of later turns."""
        for item in partial_messages(pending_items):
            await self.store.add_thread_item(thread.id, item, context)
        calls = ", ".join(sorted(self._scope.open_calls.values())) or "none"
        is_abandoned = self._handle.cancel_reason == "abandoned"
        note = SDKHiddenContextItem(
            id=self.store.generate_item_id("sdk_hidden_context", thread, context),
            thread_id=thread.id,
            created_at=utc_now(),
            content=(ABANDONED_NOTE if is_abandoned else CANCELLED_NOTE) + RUNNING_CALLS + calls,
        )
        await self.store.add_thread_item(thread.id, note, context)

    @override
    async def end_turn(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
        *,
        is_stopping: bool,
    ) -> None:
        """Title the thread after its first turn."""
        title = self._title
        if title is None:
            run = self._context_of(thread, context, message)
            title = self._title = ThreadTitle(run, message, self._assistant.title_of)
        await title.set(is_stopping=is_stopping)

    @override
    async def aclose(self) -> None:
        if self._title is not None:
            await self._title.aclose()

    def _context_of(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        message: UserMessageItem | None = None,
    ) -> RunContext:
        return RunContext(
            thread=thread,
            turn_id=self._scope.run_id,
            store=self.store,
            request_context=context,
            scope=self._scope,
            now=self._handle.record.created_at,
            message=message,
        )

    async def _stream(self, run: RunContext) -> _Events:
        if self._handle.record.request_type == TOOL_OUTPUT:
            run.workflow_item = await find_open_workflow(run)
        run.turn_id = await find_turn_id(run)
        items = await self._load_input(run)
        agent = self._assistant.agent
        if isinstance(agent, Workflow):
            owned = self._journal.owned_item_ids()
            removed = set(self._published.unfinished_items(owned))
            finished = {kind for key, kind in self._published.done.items() if key not in removed}
            answering = stream_workflow(
                agent,
                self._assistant,
                run,
                items,
                run_handle=self._handle,
                open_ids=self._published.open.items.keys() - removed,
                is_answered="assistant_message" in finished,
            )
        else:
            answering = stream_agent(
                self._assistant,
                run,
                items,
                run_handle=self._handle,
                max_turns=self._max_turns,
                mcp=self._mcp,
            )
        async with aclosing(answering) as events:
            async for event in events:
                yield event

    async def _load_input(self, run: RunContext) -> list[TResponseInputItem]:
        """Return the model input of the turn, the same in every attempt."""
        assistant, items = self._assistant, self._journal.input
        if items is None:
            converter = HistoryConverter(
                run.request_context,
                attachment_to_input=assistant.attachment_to_input,
                widget_to_input=assistant.widget_to_input,
                hidden_context_to_input=assistant.hidden_context_to_input,
                tag_to_input=assistant.tag_to_input,
            )
            history = await load_history(
                run.store, run.thread.id, run.request_context, converter, self._limits
            )
            extra = assistant.extra_input(run) if assistant.extra_input is not None else []
            extra = await extra if inspect.isawaitable(extra) else extra
            items = [*extra, *history, *self._effects]
            await self._journal.save_input(items, now=assistant.extra_input is not None)
        return await load_images(items, self.store, run.request_context)

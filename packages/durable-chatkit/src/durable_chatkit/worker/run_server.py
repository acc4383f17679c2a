"""openai-chatkit's server for one attempt at a run: streams the agent and ends the turn."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import structlog
from agents import TResponseInputItem
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import (
    StreamOptions,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
)
from typing_extensions import override

from durable_chatkit.agent.actions import ACTION_POSITION, TURN_END_POSITION
from durable_chatkit.agent.assistant import Assistant
from durable_chatkit.agent.attached_files import load_images
from durable_chatkit.agent.failures import (
    ACTION_FAILED,
    ACTION_REFUSED,
    NO_ACTIONS,
    EmptyAnswerError,
    Failure,
    describe_failure,
    is_tripwire,
)
from durable_chatkit.agent.history import HistoryConverter, HistoryLimits, load_history
from durable_chatkit.agent.mcp_servers import McpConnections
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import AT_END, RunScope, RunStoppedError
from durable_chatkit.agent.turns import find_turn_id
from durable_chatkit.agent.workflow import Workflow
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.server import StoredChatServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.worker.action_stream import stream_handler
from durable_chatkit.worker.answering import refusal_message, stream_agent, stream_workflow
from durable_chatkit.worker.fold import LogFold, OpenItems
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.run_handle import RunHandle
from durable_chatkit.worker.turn_end import (
    THREAD_UPDATED,
    ThreadTitle,
    cancelled_note,
    close_open_items,
    thread_updated,
)
from durable_chatkit.worker.turn_input import find_open_workflow

THREAD_DELETED: Final = "thread-deleted"
TOOL_OUTPUT: Final = "threads.add_client_tool_output"
_SHOWN: Final = frozenset({"assistant_message", "widget", "client_tool_call", "structured_input"})

_Events = AsyncGenerator[ThreadStreamEvent, None]

log = structlog.get_logger(__name__)


class RunServer(StoredChatServer):
    """Runs one accepted turn.

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
        self._open = OpenItems()
        self._has_shown = bool(_SHOWN.intersection(published.done.values()))
        self._stream_of_turn: _Events | None = None
        self._is_muted = False
        self.was_cancelled = False
        self.failure: Failure | None = None

    @override
    def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        run = self._context_of(thread, context, input_user_message)
        self._stream_of_turn = self._run_turn(run, input_user_message, self._answer(run))
        return self._stream_of_turn

    @override
    def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        run = self._context_of(thread, context)
        self._stream_of_turn = self._run_turn(run, None, self._handle_action(run, action, sender))
        return self._stream_of_turn

    @override
    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        return StreamOptions(allow_cancel=self._assistant.allow_cancel)

    def mute(self) -> None:
        """Publish and store nothing more; the turn will be driven again."""
        self._is_muted = True

    async def aclose(self) -> None:
        """Close the stream of a turn that openai-chatkit has abandoned."""
        if self._stream_of_turn is not None:
            await self._stream_of_turn.aclose()

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

    async def _run_turn(
        self, run: RunContext, message: UserMessageItem | None, answering: _Events
    ) -> _Events:
        title = ThreadTitle(run, message, self._assistant.title_of)
        if self._handle.stopping:
            self._open = self._published.open  # nothing is published again, so close open items
        else:
            title.start()
            for item_id in self._published.unfinished_items(self._journal.owned_item_ids()):
                yield ThreadItemRemovedEvent(item_id=item_id)
            async with aclosing(answering) as events:
                async for event in events:
                    self._open.apply(event)
                    if event.type == "thread.item.done" and event.item.type in _SHOWN:
                        self._has_shown = True
                    yield event
        self.failure = self.failure or self._handle.failure
        self.was_cancelled = self._handle.cancelled and self.failure is None
        is_silent = self._handle.released is not None or self._is_muted
        if is_silent or self._handle.cancel_reason == THREAD_DELETED:
            await title.aclose()
            return
        for closing in [*self._remove_abandoned(), *close_open_items(self._open)]:
            yield closing
        if self.was_cancelled:
            yield cancelled_note(run)
        is_takeover = self._handle.record.turn.new_thread and self._scope.attempt > 1
        is_title_published = THREAD_UPDATED in self._published.event_types
        if run.thread.title is not None and is_takeover and not is_title_published:
            # An earlier attempt stored the title and died before publishing it.
            yield thread_updated(run.thread)
        is_over = self._handle.stopping or self.failure is not None
        await title.set(is_stopping=is_over)
        if self.failure is not None:
            raise CustomStreamError(self.failure.message, allow_retry=self.failure.allow_retry)

    def _remove_abandoned(self) -> Iterator[ThreadStreamEvent]:
        """Remove the published items of recorded steps that a finished turn no longer contains."""
        if self.failure is None and not self._is_stopping:
            owned = self._journal.owned_item_ids(self._scope.record_unclaimed())
            known = self._published.done.keys() | self._published.open.items.keys()
            for item_id in sorted(owned & known):
                yield ThreadItemRemovedEvent(item_id=item_id)

    @property
    def _is_stopping(self) -> bool:
        return self._handle.stopping or self._is_muted

    async def _answer(self, run: RunContext) -> _Events:
        """Stream the agent; a failure is recorded instead of raised, except for a lost run."""
        try:
            async with aclosing(self._stream(run)) as events:
                async for event in events:
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except Exception as error:  # noqa: BLE001 - any error is reported to the user
            if is_tripwire(error) and not self._is_stopping:
                log.info("run.refused", run_id=self._scope.run_id, reason=type(error).__name__)
                yield await refusal_message(self._assistant, run, error)
            elif not self._is_stopping:
                self.failure = describe_failure(error)
                log.warning(
                    "run.model_failed",
                    run_id=self._scope.run_id,
                    code=self.failure.code,
                    error=error,
                )
        async with aclosing(self._finish(run)) as events:
            async for event in events:
                yield event

    async def _finish(self, run: RunContext) -> _Events:
        """Stream `finish_turn`, if a tool of the turn has requested it."""
        finish = self._assistant.finish_turn
        if finish is None or self._is_stopping or not self._journal.has_choice(AT_END):
            return
        stream = stream_handler(finish, AT_END, TURN_END_POSITION, run, self._handle)
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except Exception as error:
            if not self._is_stopping:
                self.failure = self.failure or describe_failure(error)
                log.exception("run.finish_failed", run_id=self._scope.run_id)

    async def _handle_action(
        self, run: RunContext, action: Action[str, Any], sender: WidgetItem | None
    ) -> _Events:
        """Stream an action's handler; failures are recorded as in `_answer`."""
        handler = self._assistant.handle_action
        if handler is None:
            self.failure = NO_ACTIONS
            return
        stream = stream_handler(
            partial(handler, action, sender), action.type, ACTION_POSITION, run, self._handle
        )
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except CustomStreamError as error:
            # Without a retry button: that would request a new answer to the last message.
            code = ACTION_FAILED.code if error.allow_retry else ACTION_REFUSED
            self.failure = Failure(code, error.message, allow_retry=False)
        except Exception:
            if not self._is_stopping:
                self.failure = ACTION_FAILED
                log.exception("run.action_failed", run_id=self._scope.run_id, action=action.type)

    async def _stream(self, run: RunContext) -> _Events:
        if self._handle.record.request_type == TOOL_OUTPUT:
            run.workflow_item = await find_open_workflow(run)
        run.turn_id = await find_turn_id(run)
        items = await self._load_input(run)
        async with aclosing(self._open_answer(run, items)) as events:
            async for event in events:
                yield event
        has_shown = self._has_shown or self._journal.has_choice(AT_END)
        if not self._is_stopping and not has_shown:
            raise EmptyAnswerError
        if run.workflow_item is not None and not self._is_stopping:
            # openai-chatkit has stored it; it continues after the browser's output.
            self._open.items.pop(run.workflow_item.id, None)

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
            await self._journal.save_input(items)
        return await load_images(items, self.store, run.request_context)

    def _open_answer(self, run: RunContext, items: list[TResponseInputItem]) -> _Events:
        assistant = self._assistant
        if not isinstance(assistant.agent, Workflow):
            return stream_agent(
                assistant,
                run,
                items,
                run_handle=self._handle,
                max_turns=self._max_turns,
                mcp=self._mcp,
            )
        owned = self._journal.owned_item_ids()
        removed = set(self._published.unfinished_items(owned))
        finished = {key: kind for key, kind in self._published.done.items() if key not in removed}
        return stream_workflow(
            assistant.agent,
            assistant,
            run,
            items,
            run_handle=self._handle,
            open_ids=self._published.open.items.keys() - removed,
            is_answered="assistant_message" in finished.values(),
        )

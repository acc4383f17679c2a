"""openai-chatkit's server for one attempt at a run: the agent answers, and how its stream ends."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, cast

import structlog
from agents import RunConfig, Runner, TResponseInputItem
from chatkit.actions import Action
from chatkit.agents import stream_agent_response
from chatkit.errors import CustomStreamError
from chatkit.types import (
    ClientToolCallItem,
    ThreadItemDoneEvent,
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
)
from durable_chatkit.agent.history import HistoryConverter, HistoryLimits, load_history
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import AT_END, RunScope, RunStoppedError
from durable_chatkit.agent.turns import find_turn_id
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.server import StoredChatServer
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.worker.action_stream import stream_handler
from durable_chatkit.worker.active_run import ActiveRun
from durable_chatkit.worker.fold import LogFold, OpenItems
from durable_chatkit.worker.journal import StepJournal
from durable_chatkit.worker.open_workflow import find_open_workflow
from durable_chatkit.worker.turn_end import (
    THREAD_UPDATED,
    cancelled_note,
    close_open_items,
    name_thread,
    thread_updated,
)

THREAD_DELETED: Final = "thread-deleted"
TOOL_OUTPUT: Final = "threads.add_client_tool_output"
_SHOWN: Final = frozenset({"assistant_message", "widget", "client_tool_call", "structured_input"})
_OWNED_BY_STEPS: Final = frozenset({"assistant_message", "widget"})

_Events = AsyncGenerator[ThreadStreamEvent, None]

log = structlog.get_logger(__name__)


class RunServer(StoredChatServer):
    """Answers one accepted turn.

    Args:
        assistant: its agent has the tools of this attempt.
        run_config: with the model of this attempt.
        said: the log of earlier attempts.
        effects: what earlier runs of the same message did, for a retry.
    """

    def __init__(
        self,
        store: PostgresStore,
        *,
        assistant: Assistant,
        run_config: RunConfig,
        max_turns: int,
        limits: HistoryLimits,
        active: ActiveRun,
        scope: RunScope,
        journal: StepJournal,
        said: LogFold,
        effects: list[TResponseInputItem],
    ) -> None:
        super().__init__(store)
        self._assistant = assistant
        self._run_config = run_config
        self._max_turns = max_turns
        self._limits = limits
        self._active = active
        self._scope = scope
        self._journal = journal
        self._said = said
        self._effects = effects
        self._open = OpenItems()
        self._has_shown = bool(_SHOWN.intersection(said.done.values()))
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
        self._stream_of_turn = self._turn(run, input_user_message, self._answer(run))
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
        self._stream_of_turn = self._turn(run, None, self._act(run, action, sender))
        return self._stream_of_turn

    def mute(self) -> None:
        """Neither say nor store anything more; the turn will be driven anew."""
        self._is_muted = True

    async def aclose(self) -> None:
        """End the stream of a turn that openai-chatkit has put down."""
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
            now=self._active.record.created_at,
            message=message,
        )

    async def _turn(
        self, run: RunContext, message: UserMessageItem | None, answering: _Events
    ) -> _Events:
        if self._active.stopping:
            self._open = self._said.open  # nothing is said anew, so what was begun is closed
        else:
            for item_id in self._leftovers():
                yield ThreadItemRemovedEvent(item_id=item_id)
            async with aclosing(answering) as events:
                async for event in events:
                    self._note(event)
                    yield event
        if self._active.released is not None or self._is_muted:
            return
        self.failure = self.failure or self._active.failure
        self.was_cancelled = self._active.cancelled and self.failure is None
        if self._active.cancel_reason == THREAD_DELETED:
            return
        for closing in close_open_items(self._open):
            yield closing
        if self.was_cancelled:
            yield cancelled_note(run)
        if self._is_name_unsaid(run):
            yield thread_updated(run.thread)
        await name_thread(run, message, self._assistant.title_of)
        if self.failure is not None:
            raise CustomStreamError(self.failure.message, allow_retry=self.failure.allow_retry)

    @property
    def _is_stopping(self) -> bool:
        return self._active.stopping or self._is_muted

    async def _answer(self, run: RunContext) -> _Events:
        """Stream the agent; what ends it early is noted, not raised, except the loss of the run."""
        try:
            async with aclosing(self._stream(run)) as events:
                async for event in events:
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person has to hear of it
            if not self._is_stopping:
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
        """Stream what a tool of the turn left for its end."""
        finish = self._assistant.finish_turn
        if finish is None or self._is_stopping or not self._journal.has_choice(AT_END):
            return
        stream = stream_handler(lambda: finish(run), AT_END, TURN_END_POSITION, run, self._active)
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

    async def _act(
        self, run: RunContext, action: Action[str, Any], sender: WidgetItem | None
    ) -> _Events:
        """Stream an action's handler; see `_answer`."""
        handler = self._assistant.handle_action
        if handler is None:
            self.failure = NO_ACTIONS
            return
        stream = stream_handler(
            lambda: handler(action, sender, run), action.type, ACTION_POSITION, run, self._active
        )
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    yield event
        except RunStoppedError:
            log.info("run.stopped", run_id=self._scope.run_id)
        except CustomStreamError as error:
            # Never with a retry button: that would ask for a new answer to the last message.
            code = ACTION_FAILED.code if error.allow_retry else ACTION_REFUSED
            self.failure = Failure(code, error.message, allow_retry=False)
        except Exception:
            if not self._is_stopping:
                self.failure = ACTION_FAILED
                log.exception("run.action_failed", run_id=self._scope.run_id, action=action.type)

    async def _stream(self, run: RunContext) -> _Events:
        if self._active.record.request_type == TOOL_OUTPUT:
            run.workflow_item = await find_open_workflow(run)
        run.turn_id = await find_turn_id(run)
        result = Runner.run_streamed(
            self._assistant.agent,
            await self._input(run),
            context=run,
            max_turns=self._max_turns,
            run_config=self._run_config,
        )
        self._active.attach_result(result)
        try:
            response = cast("_Events", stream_agent_response(run, result))
            async with aclosing(response) as events:
                async for event in events:
                    if isinstance(event, ThreadItemDoneEvent):
                        _rename_client_tool_call(event, run)
                    yield event
        finally:
            run.close()
        if result.run_loop_exception is not None:
            raise result.run_loop_exception
        has_shown = self._has_shown or self._journal.has_choice(AT_END)
        if not self._is_stopping and not has_shown:
            raise EmptyAnswerError
        if run.workflow_item is not None and not self._is_stopping:
            # Stored by openai-chatkit as it is, to go on after a browser's output.
            self._open.items.pop(run.workflow_item.id, None)

    async def _input(self, run: RunContext) -> list[TResponseInputItem]:
        items = self._journal.input
        if items is None:
            items = await self._new_input(run)
        return await load_images(items, self.store, run.request_context)

    async def _new_input(self, run: RunContext) -> list[TResponseInputItem]:
        converter = HistoryConverter(
            run.request_context,
            attachment_to_input=self._assistant.attachment_to_input,
            widget_to_input=self._assistant.widget_to_input,
        )
        history = await load_history(
            self.store, run.thread.id, run.request_context, converter, self._limits
        )
        items = [*history, *self._effects]
        await self._journal.save_input(items)
        return items

    def _leftovers(self) -> list[str]:
        """Return what earlier attempts said and no finished step owns: it is said anew."""
        owned = self._journal.owned_item_ids()
        said = [item_id for item_id, kind in self._said.done.items() if kind in _OWNED_BY_STEPS]
        return [item_id for item_id in [*self._said.open.items, *said] if item_id not in owned]

    def _is_name_unsaid(self, run: RunContext) -> bool:
        """Tell whether an earlier attempt named the thread and died before it was said."""
        is_second_try = self._active.record.turn.new_thread and not self._is_first_attempt
        is_named = run.thread.title is not None
        return is_named and is_second_try and THREAD_UPDATED not in self._said.said

    @property
    def _is_first_attempt(self) -> bool:
        return self._scope.attempt == 1

    def _note(self, event: ThreadStreamEvent) -> None:
        self._open.apply(event)
        if event.type == "thread.item.done" and event.item.type in _SHOWN:
            self._has_shown = True


def _rename_client_tool_call(event: ThreadItemDoneEvent, run: RunContext) -> None:
    """Give a client tool call an id of ours; it comes with the provider's, which may repeat."""
    if isinstance(event.item, ClientToolCallItem):
        event.item.id = run.generate_id("tool_call")

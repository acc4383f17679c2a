"""The context passed to an agent's tools: openai-chatkit's context with the run's scope.

`stream_agent_response` creates the items for reasoning and images itself and ignores the calls of
hosted tools. Before it gets the event of such an item, `prepare_items` reserves the item's id, which
the answer's journal entry owns, and adds the task of a hosted tool to the current workflow. This
happens inside `result.stream_events`: openai-chatkit asks for the next event only after it has
handled the previous one, so that every attempt produces the same items in the same order.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, Self, cast

from agents import RunResultStreaming, StreamEvent
from chatkit.agents import AgentContext
from chatkit.types import (
    ThreadItem,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
    WidgetRootUpdated,
    Workflow,
    WorkflowItem,
)
from openai.types.responses import ResponseOutputItem, ResponseReasoningItem
from openai.types.responses.response_output_item import ImageGenerationCall
from pydantic import Field, PrivateAttr, SkipValidation
from typing_extensions import override

from durable_chatkit.agent.call_scope import (
    ToolCallScope,
    current_scope,
    current_tool_call,
)
from durable_chatkit.agent.hosted_tasks import hosted_task
from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.chatkit.context import IdScope, RequestContext
from durable_chatkit.chatkit.private_api import end_of_events, events_of
from durable_chatkit.chatkit.rows import as_local
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.errors import UnknownResourceError
from todochat.clock import utc_now

# Far longer than forwarding takes: the publisher behind the reader buffers 1,000 frames.
DRAIN_TIMEOUT_S: Final = 10.0
_END_OF_EVENTS: Final = end_of_events()


class EventQueue(asyncio.Queue[Any]):
    """The queue of events between tools and openai-chatkit's stream.

    In addition to a plain queue, it holds back events that may be published only after their step
    is journaled, it can be drained, and it can be closed while a reader waits: openai-chatkit
    leaves such a reader behind as a pending task when the model fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self._readers: set[asyncio.Task[Any]] = set()
        self.is_read = False
        self._is_drained = asyncio.Event()
        self._is_drained.set()
        scope = current_scope()
        if scope is not None:
            scope.scope.queues.append(self)

    @override
    async def put(self, item: ThreadStreamEvent) -> None:
        call = current_tool_call()
        if call is None or not call.hold_back(self, item):
            await super().put(item)

    @override
    def put_nowait(self, item: ThreadStreamEvent | None) -> None:
        self._is_drained.clear()
        super().put_nowait(item)

    @override
    async def get(self) -> Any:
        task = asyncio.current_task()
        if task is None:
            return await super().get()
        self._readers.add(task)
        self.is_read = True
        if self.empty():  # the reader asks for more only after forwarding the previous event
            self._is_drained.set()
        try:
            item = await super().get()
            if item is None or isinstance(item, _END_OF_EVENTS):
                self.is_read = False
            return item
        finally:
            self._readers.discard(task)

    async def has_reader(self) -> bool:
        """Return whether openai-chatkit reads the events; other readers of a result don't."""
        if not self.is_read:
            await asyncio.sleep(0)  # the reader starts at the same time as this stream
        return self.is_read

    async def drain(self) -> None:
        """Wait until the reader has forwarded all events, at most DRAIN_TIMEOUT_S.

        Without a reader, as in a Runner call without a stream, there is nothing to wait for.
        """
        if not self.is_read:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await self._is_drained.wait()

    def close(self) -> None:
        """Cancel waiting readers and release `drain`."""
        self._is_drained.set()
        for task in self._readers:
            task.cancel()


def event_queue_of(context: object) -> "asyncio.Queue[Any] | None":
    """Return the queue of an agent's context, None if it has none."""
    return events_of(context) if isinstance(context, AgentContext) else None


class ForwardingQueue(EventQueue):
    """Puts a step's events into another queue; its own reader sees only the end."""

    def __init__(self, target: EventQueue) -> None:
        super().__init__()
        self._target = target

    @override
    async def put(self, item: ThreadStreamEvent) -> None:
        await self._target.put(item)


class RunContext(AgentContext[RequestContext]):
    """The context of one attempt at a run.

    Attributes:
        scope: ids, journal and state of the attempt.
        now: when the message was written: the agent's "in 2 hours" counts from this time, even if
            a worker processes the message late or again.
        message: the user's message, with the model and tool chosen in the composer
            (`inference_options`); None for runs without a message, such as an action.
        turn_id: id of the run's turn, which several runs may share (see
            `durable_chatkit.agent.turns`); for an action, its run id.
    """

    store: Annotated[PostgresStore, SkipValidation]
    scope: RunScope
    now: datetime = Field(default_factory=utc_now)
    message: UserMessageItem | None = None
    turn_id: str = ""
    _events: EventQueue = PrivateAttr(default_factory=EventQueue)
    _turnstile: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        # openai-chatkit measures a workflow's duration with naive times, while ours are stored and
        # published in UTC. Use a copy, because the published item is changed later.
        if name == "workflow_item" and isinstance(value, WorkflowItem):
            value = value.model_copy(update={"created_at": as_local(value.created_at)})
        scope = current_scope()
        if name == "client_tool_call" and scope is not None:
            for call in scope.enclosing():
                if isinstance(call, ToolCallScope):
                    call.has_client_tool_call = value is not None
        super().__setattr__(name, value)

    @property
    def user_id(self) -> str:
        """The user on whose behalf the agent acts: the run's user, never one named by the model."""
        return self.request_context.user_id

    @property
    def call(self) -> ToolCallScope:
        """The current tool call or action, with its idempotency key and choices.

        Raises:
            RuntimeError: outside of a tool call or action.
        """
        call = current_tool_call()
        if call is None:
            msg = "only available inside a tool call or an action of a run"
            raise RuntimeError(msg)
        return call

    @property
    def write_lock(self) -> asyncio.Lock:
        """Serialises tools with side effects, in the order of their calls."""
        return self._turnstile

    @property
    def queue(self) -> EventQueue:
        """The queue of events between tools and openai-chatkit's stream."""
        return self._events

    async def update_widget(
        self, item_id: str, change: Callable[[WidgetItem], WidgetItem]
    ) -> WidgetItem:
        """Update a widget of the thread in place: store it at once and publish it.

        `change` receives the current widget with its row locked, so that two actions on different
        parts of a widget both take effect.

        Raises:
            UnknownResourceError: the widget doesn't exist or was deleted.
            RunLostError: a later attempt owns the run.
        """

        def change_widget(item: ThreadItem) -> ThreadItem:
            if not isinstance(item, WidgetItem):
                raise UnknownResourceError("widget")
            return change(item)

        item = await self.store.update_item(
            self.thread.id, item_id, change_widget, context=self.request_context
        )
        if not isinstance(item, WidgetItem):
            raise UnknownResourceError("widget")
        await self.stream(
            ThreadItemUpdatedEvent(item_id=item.id, update=WidgetRootUpdated(widget=item.widget))
        )
        return item

    async def events_from(self, task: asyncio.Task[None]) -> AsyncIterator[ThreadStreamEvent]:
        """Yield the events that a task streams, until the task is done."""
        task.add_done_callback(lambda _: self._events.put_nowait(None))
        while (event := await self._events.get()) is not None:
            yield event

    def detached(self) -> "RunContext":
        """Return a context of the same turn with a queue of its own."""
        return RunContext(
            thread=self.thread,
            store=self.store,
            request_context=self.request_context,
            scope=self.scope,
            now=self.now,
            message=self.message,
            turn_id=self.turn_id,
        )

    def forwarding(self) -> "RunContext":
        """Return a context of the same turn whose events go to the queue of this one.

        Two readers of one queue would take each other's events.
        """
        context = self.detached()
        context._events = ForwardingQueue(self._events)  # noqa: SLF001 - of its own class
        return context

    def close(self) -> None:
        """Release the reader that a failed stream leaves behind."""
        self._events.close()


def prepare_items(result: RunResultStreaming, context: object, ids: IdScope) -> None:
    """Prepare the context of a streamed Runner call while its events are read.

    No-op for a context that isn't openai-chatkit's.
    """
    if not isinstance(context, AgentContext):
        return
    items = _AnswerItems(context, ids)
    stream_events = result.stream_events
    result.stream_events = lambda: _PreparedEvents(stream_events(), items)  # type: ignore[method-assign]


class _PreparedEvents:
    """The events of a result.

    No generator: openai-chatkit abandons the iterator while it waits, and a generator around
    another one can't be closed then.
    """

    def __init__(self, events: AsyncIterator[StreamEvent], items: "_AnswerItems") -> None:
        self._events = events
        self._items = items

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        event = await anext(self._events)
        if event.type == "raw_response_event":
            await self._items.prepare(event.data)
        return event

    async def aclose(self) -> None:
        """Close the events."""
        await cast("AsyncGenerator[StreamEvent, None]", self._events).aclose()


class _AnswerItems:
    def __init__(self, context: AgentContext[Any], ids: IdScope) -> None:
        self._context = context
        self._ids = ids
        self._tasks: dict[str, tuple[str, int]] = {}

    async def prepare(self, event: Any) -> None:
        """Prepare the context for an event that openai-chatkit handles next."""
        self._ids.reserve("workflow", None)
        self._ids.reserve("message", None)
        if event.type == "response.output_item.added":
            match event.item:
                case ResponseReasoningItem():
                    self._reserve_workflow(event.item.id)
                case ImageGenerationCall():
                    self._ids.reserve("message", event.item.id)
                case _:
                    await self._show_call(event.item, is_done=False)
        elif event.type == "response.output_item.done":
            await self._show_call(event.item, is_done=True)

    def _reserve_workflow(self, item_id: str) -> None:
        if self._context.workflow_item is None:
            self._ids.reserve("workflow", item_id)

    async def _show_call(self, call: ResponseOutputItem, *, is_done: bool) -> None:
        """Add the task of a hosted tool's call to the workflow, or update it."""
        task = hosted_task(call, is_done=is_done)
        queue = events_of(self._context)
        if task is None or not isinstance(queue, EventQueue) or not await queue.has_reader():
            return
        context, call_id = self._context, str(call.id)
        if call_id not in self._tasks:
            if context.workflow_item is None:
                self._reserve_workflow(call_id)
                await context.start_workflow(Workflow(type="reasoning", tasks=[]))
            workflow = context.workflow_item
            if workflow is None:
                return
            self._tasks[call_id] = (workflow.id, len(workflow.workflow.tasks))
            await context.add_workflow_task(task)
        else:
            workflow_id, index = self._tasks[call_id]
            if context.workflow_item is not None and context.workflow_item.id == workflow_id:
                await context.update_workflow_task(task, index)
        await queue.drain()  # otherwise openai-chatkit might handle the next event first

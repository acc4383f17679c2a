"""What an agent's tools get: openai-chatkit's context, with this run's scope."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final

from chatkit.agents import AgentContext
from chatkit.types import (
    ThreadItem,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
    WidgetRootUpdated,
    WorkflowItem,
)
from pydantic import Field, PrivateAttr, SkipValidation
from typing_extensions import override

from durable_chatkit.agent.run_scope import CallPosition, RunScope, ToolCallScope, current_tool_call
from durable_chatkit.chatkit.context import RequestContext
from durable_chatkit.chatkit.store import PostgresStore
from durable_chatkit.chatkit.times import as_local
from durable_chatkit.errors import UnknownResourceError
from todochat.clock import utc_now

# Behind viewers' publisher, that has 1,000 frames of room, nothing takes this long.
DRAIN_TIMEOUT_S: Final = 10.0


class EventQueue(asyncio.Queue[Any]):
    """The queue through which tools say things, between a tool and openai-chatkit's stream.

    Three things a plain queue doesn't do: it holds back what a tool may only say once its step is
    saved; it tells when everything has been said; and it can be closed under a waiting reader.
    openai-chatkit leaves such a reader behind as a pending task when the model fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self._readers: set[asyncio.Task[Any]] = set()
        self._all_said = asyncio.Event()
        self._all_said.set()

    @override
    async def put(self, item: ThreadStreamEvent) -> None:
        call = current_tool_call()
        if call is None or not call.hold_back(item):
            await super().put(item)

    @override
    def put_nowait(self, item: ThreadStreamEvent | None) -> None:
        self._all_said.clear()
        super().put_nowait(item)

    @override
    async def get(self) -> Any:
        task = asyncio.current_task()
        if task is None:
            return await super().get()
        self._readers.add(task)
        if self.empty():  # the reader comes back for more once it has passed on what it got
            self._all_said.set()
        try:
            return await super().get()
        finally:
            self._readers.discard(task)

    async def drain_events(self) -> None:
        """Wait until the reader has passed on everything; a slow one only so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                await self._all_said.wait()

    def close(self) -> None:
        """Cancel whoever still waits for an event, and hold up nobody."""
        self._all_said.set()
        for task in self._readers:
            task.cancel()


class RunContext(AgentContext[RequestContext]):
    """The context of one attempt at a run.

    Attributes:
        scope: ids, journal and state of the attempt.
        now: when the message was written, for the agent: "in 2 hours" counts from there, also if
            a worker gets to it late or a second time.
        message: what the person wrote, with the model and tool they chose in the composer
            (`inference_options`); None where they didn't write, as in an action.
        turn_id: the turn that the run belongs to, which several runs may share (see
            `durable_chatkit.agent.turns`); of an action, its run.
        open_calls: tools that run just now.
    """

    store: Annotated[PostgresStore, SkipValidation]
    scope: RunScope
    now: datetime = Field(default_factory=utc_now)
    message: UserMessageItem | None = None
    turn_id: str = ""
    open_calls: dict[CallPosition, str] = Field(default_factory=dict)
    _events: EventQueue = PrivateAttr(default_factory=EventQueue)
    _turnstile: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        # openai-chatkit measures how long a workflow took by a naive clock, and ours are stored,
        # and told, in UTC. A copy, since the item that is told is changed on its way.
        if name == "workflow_item" and isinstance(value, WorkflowItem):
            value = value.model_copy(update={"created_at": as_local(value.created_at)})
        call = current_tool_call()
        if name == "client_tool_call" and call is not None:
            call.has_client_tool_call = value is not None
        super().__setattr__(name, value)

    @property
    def user_id(self) -> str:
        """On whose behalf the agent acts: the run's user, never one the model names."""
        return self.request_context.user_id

    @property
    def call(self) -> ToolCallScope:
        """The tool call or action that this code runs in: its idempotency key, its choices.

        Raises:
            RuntimeError: outside of any.
        """
        call = current_tool_call()
        if call is None:
            msg = "this works inside of a tool or an action of a run only"
            raise RuntimeError(msg)
        return call

    @property
    def write_lock(self) -> asyncio.Lock:
        """Lets tools that change something do so one after the other, in the order of the calls."""
        return self._turnstile

    async def drain_events(self) -> None:
        """Wait until what was streamed so far is on its way, so that the next answer is after it."""
        await self._events.drain_events()

    async def update_widget(
        self, item_id: str, change: Callable[[WidgetItem], WidgetItem]
    ) -> WidgetItem:
        """Change a widget of the thread where it stands: stored at once, and said to the viewers.

        `change` gets the widget as it is now and nobody else changes it meanwhile, so two actions
        on different parts of one widget both count.

        Raises:
            UnknownResourceError: there is no such widget (any more).
            RunLostError: a later attempt has the run.
        """

        def checked(item: ThreadItem) -> ThreadItem:
            if not isinstance(item, WidgetItem):
                raise UnknownResourceError("widget")
            return change(item)

        item = await self.store.update_item(
            self.thread.id, item_id, checked, context=self.request_context
        )
        if not isinstance(item, WidgetItem):
            raise UnknownResourceError("widget")
        await self.stream(
            ThreadItemUpdatedEvent(item_id=item.id, update=WidgetRootUpdated(widget=item.widget))
        )
        return item

    async def events_from(self, task: asyncio.Task[None]) -> AsyncIterator[ThreadStreamEvent]:
        """Yield what a task streams, until it is done."""
        task.add_done_callback(lambda _: self._events.put_nowait(None))
        while (event := await self._events.get()) is not None:
            yield event

    def close(self) -> None:
        """Let go of a reader that the end of a failed stream left behind."""
        self._events.close()

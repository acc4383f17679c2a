"""What an agent's tools get: openai-chatkit's context, with this run's scope."""

import asyncio
from datetime import datetime
from typing import Any

from chatkit.agents import AgentContext
from chatkit.types import ThreadStreamEvent
from pydantic import Field, PrivateAttr
from typing_extensions import override

from todo_agent.agent.run_scope import CallPlace, RunScope, current_tool_call
from todo_agent.chatkit.context import RequestContext
from todochat.clock import utc_now


class EventQueue(asyncio.Queue[Any]):
    """The queue through which tools say things, between a tool and openai-chatkit's stream.

    Two things a plain queue doesn't do: it holds back what a tool may only say once its step is
    saved, and it can be closed under a waiting reader. openai-chatkit leaves such a reader behind
    as a pending task when the model fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self._readers: set[asyncio.Task[Any]] = set()

    @override
    async def put(self, item: ThreadStreamEvent) -> None:
        call = current_tool_call()
        if call is None or not call.holds_back(item):
            await super().put(item)

    @override
    async def get(self) -> Any:
        task = asyncio.current_task()
        if task is None:
            return await super().get()
        self._readers.add(task)
        try:
            return await super().get()
        finally:
            self._readers.discard(task)

    def close(self) -> None:
        """Cancel whoever still waits for an event."""
        for task in self._readers:
            task.cancel()


class RunContext(AgentContext[RequestContext]):
    """The context of one attempt at a run.

    Attributes:
        scope: ids, journal and state of the attempt.
        now: when the message was written, for the agent: "in 2 hours" counts from there, also if
            a worker gets to it late or a second time.
        open_calls: tools that run just now.
    """

    scope: RunScope
    now: datetime = Field(default_factory=utc_now)
    open_calls: dict[CallPlace, str] = Field(default_factory=dict)
    _events: EventQueue = PrivateAttr(default_factory=EventQueue)
    _turnstile: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @property
    def user_id(self) -> str:
        """On whose behalf the agent acts: the run's user, never one the model names."""
        return self.request_context.user_id

    @property
    def turnstile(self) -> asyncio.Lock:
        """Lets tools that change something do so one after the other, in the order of the calls."""
        return self._turnstile

    def close(self) -> None:
        """Let go of a reader that the end of a failed stream left behind."""
        self._events.close()

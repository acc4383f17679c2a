"""Runs an action's handler as a stream of events, like an agent."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from chatkit.types import ThreadStreamEvent

from durable_chatkit.agent.actions import run_handler_once
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPosition
from durable_chatkit.worker.run_handle import RunHandle
from todochat.background import run_cancellable


class HandlerTask:
    """A running handler that can be cancelled; see `RunHandle.attach_result`."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.run_loop_task: asyncio.Task[Any] | None = task

    def cancel(self) -> None:
        """Stop the handler."""
        if self.run_loop_task is not None:
            self.run_loop_task.cancel()


HandlerCall = Callable[[RunContext], Awaitable[None] | AsyncIterator[ThreadStreamEvent]]


async def stream_handler(
    handle: HandlerCall,
    name: str,
    position: CallPosition,
    run: RunContext,
    run_handle: RunHandle,
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """Yield the events of a handler; the stream ends when the handler is cancelled.

    Raises:
        RunLostError, RunStoppedError: see `run_handler_once`.
        Exception: whatever the handler raises.
    """

    async def call() -> None:
        # An own queue: an agent's stream in a handler would read the events that it has yielded.
        context = run.forwarding()
        try:
            called = handle(context)
            if inspect.isawaitable(called):
                await called
                return
            async for event in called:
                await run.stream(event)
        finally:
            context.close()

    once = run_handler_once(call, name, position, run, run.scope)
    async with contextlib.aclosing(
        stream_task(asyncio.create_task(run_cancellable(once, "action")), run, run_handle)
    ) as events:
        async for event in events:
            yield event


async def stream_task(
    task: asyncio.Task[None], run: RunContext, run_handle: RunHandle
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """Yield the events that a task streams through `run`; it is cancelled when the run stops.

    Raises:
        Exception: whatever the task raises.
    """
    run_handle.attach_result(HandlerTask(task))
    try:
        async for event in run.events_from(task):
            yield event
        if not task.cancelled():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])

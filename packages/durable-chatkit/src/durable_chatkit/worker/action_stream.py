"""Runs an action's handler as a stream of events, like an agent."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from chatkit.types import ThreadStreamEvent

from durable_chatkit.agent.actions import run_handler_once
from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import CallPosition
from durable_chatkit.worker.run_handle import RunHandle


class HandlerTask:
    """A running handler that can be cancelled; see `RunHandle.attach_result`."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.run_loop_task: asyncio.Task[Any] | None = task

    def cancel(self) -> None:
        """Stop the handler."""
        if self.run_loop_task is not None:
            self.run_loop_task.cancel()


async def stream_handler(
    handle: Callable[[], Awaitable[None]],
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
    task = asyncio.create_task(
        run_handler_once(handle, name, position, run, run.scope), name="action"
    )
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

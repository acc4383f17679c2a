"""Iterates a hosted server's events in one task that can be cancelled.

The whole iteration happens in the same task, as under openai-chatkit: a response may hold cancel
scopes and timeouts open while it yields. The task continues only after its last event is stored
and published.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from chatkit.types import ThreadStreamEvent

from durable_chatkit.agent.run_scope import RunStoppedError
from durable_chatkit.worker.run_handle import RunHandle, RunReleasedError
from todochat.background import run_cancellable
from todochat.bus import RunLostError

# The ways in which tasks end that a response has left behind: a merged stream of openai-chatkit, which
# doesn't await its tasks when it is cancelled, or a task of the response whose run has stopped.
_ABANDONED: Final = (StopAsyncIteration, RunStoppedError, RunLostError, RunReleasedError)


class ResponseCancelledError(Exception):
    """A response ended by a cancellation that nobody requested."""


class EventPump:
    """A response in progress; see `RunHandle.attach_result`."""

    def __init__(self, events: AsyncIterator[ThreadStreamEvent]) -> None:
        self._events = events
        self._ready: asyncio.Queue[ThreadStreamEvent | None] = asyncio.Queue()
        self._resume = asyncio.Event()
        self.run_loop_task = asyncio.create_task(run_cancellable(self._run(), "hosted-server"))
        self.run_loop_task.add_done_callback(lambda _: self._ready.put_nowait(None))

    def cancel(self) -> None:
        """Stop the response at the point where it waits."""
        self.run_loop_task.cancel()

    async def next_event(self) -> ThreadStreamEvent | None:
        """Let the response continue, and return its next event; None at its end."""
        self._resume.set()
        return await self._ready.get()

    async def _run(self) -> None:
        try:
            await self._resume.wait()
            async for event in self._events:
                self._resume.clear()
                self._ready.put_nowait(event)
                await self._resume.wait()
        finally:
            close = getattr(self._events, "aclose", None)  # only a generator has it
            if close is not None:
                await close()


async def pump(
    events: AsyncIterator[ThreadStreamEvent], run_handle: RunHandle
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """Yield the events of a response; ends early if the run stops.

    Raises:
        RunLostError, RunStoppedError: from a step of the response.
        ResponseCancelledError: the response was cancelled by its own code.
        Exception: whatever the response raises.
    """
    running = EventPump(events)
    task = running.run_loop_task
    run_handle.attach_result(running)
    try:
        while (event := await running.next_event()) is not None:
            yield event
        if not task.cancelled():
            task.result()
        elif not run_handle.stopping:
            raise ResponseCancelledError
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])


def ignore_abandoned_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Don't log as errors how the tasks end that a stopped response has left behind."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), _ABANDONED):
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)

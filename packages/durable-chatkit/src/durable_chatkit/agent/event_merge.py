"""Merges two iterators as openai-chatkit does, without a task for each event.

`stream_agent_response` merges the events of a run with those that tools stream. Its own function
starts a task for each event and waits for both, which is a tenth of a worker's function calls for a
text delta. Here one task reads each iterator.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any


async def merge_iterators(
    first: AsyncIterator[Any], second: AsyncIterator[Any]
) -> AsyncGenerator[Any, None]:
    """Yield the events of both in the order of their arrival, until one of them ends.

    The next event of an iterator is requested only after the reader has handled the one before. At the
    end the other one is cancelled, unless it has an event.

    Raises:
        BaseException: what an iterator raises.
    """
    signal = _Signal()
    readings = [_Reading(first, signal), _Reading(second, signal)]
    is_over = False
    try:
        while not is_over:
            reading = await signal.next()
            if reading.task.done():
                reading.task.result()
                is_over = True
            else:
                yield reading.events.pop()
                reading.resume()
        for reading in readings:
            if reading.events:
                yield reading.events.pop()
    finally:
        for reading in readings:
            reading.close(is_over=is_over)


class _Signal:
    """The readings that have an event or have ended, in the order of their arrival."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: deque[_Reading] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def add(self, reading: "_Reading") -> None:
        """Add a reading."""
        self._ready.append(reading)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> "_Reading":
        """Wait for the next reading and remove it."""
        if not self._ready:
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._ready.popleft()


class _Reading:
    """Reads one event ahead of an iterator, in a task."""

    def __init__(self, iterator: AsyncIterator[Any], signal: _Signal) -> None:
        self.events: list[Any] = []
        self._iterator = iterator
        self._signal = signal
        self._resumed: asyncio.Future[None] | None = None
        self._is_closed = False
        self.task = asyncio.create_task(self._read())
        self.task.add_done_callback(lambda _: signal.add(self))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                event = await anext(self._iterator)
            except StopAsyncIteration:
                return
            if self._is_closed:
                return
            self.events.append(event)
            self._resumed = loop.create_future()
            self._signal.add(self)
            await self._resumed
            self._resumed = None

    def resume(self) -> None:
        """Ask for the next event."""
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)

    def close(self, *, is_over: bool) -> None:
        """Stop; a reader that leaves early doesn't cancel an iterator that it has asked."""
        self._is_closed = True
        if is_over or self._resumed is not None:
            self.task.cancel()

"""Merging the events of a run with those of its tools."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import chatkit.agents
import pytest

from durable_chatkit.agent.event_merge import merge_iterators

Merge = Any
MERGES = pytest.mark.parametrize(
    "merge", [merge_iterators, chatkit.agents._merge_generators], ids=["ours", "openai-chatkit's"]
)


class Source:
    """Events that the test sends.

    Attributes:
        asked: how often the next event was requested.
        is_cancelled: a request was cancelled.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.is_cancelled = False
        self._events: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, *events: Any) -> None:
        for event in events:
            self._events.put_nowait(event)

    def __aiter__(self) -> "Source":
        return self

    async def __anext__(self) -> Any:
        self.asked += 1
        try:
            event = await self._events.get()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        if isinstance(event, BaseException):
            raise event
        return event


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def run() -> Source:
    return Source()


@pytest.fixture
async def tools() -> Source:
    return Source()


@MERGES
async def test_events_come_as_they_arrive(merge: Merge, run: Source, tools: Source) -> None:
    events: AsyncIterator[Any] = merge(run, tools)

    for source, event in ((run, 1), (tools, "a"), (tools, "b"), (run, 2)):
        source.send(event)
        assert await anext(events) == event

    run.send(StopAsyncIteration())
    assert [event async for event in events] == []


@MERGES
async def test_next_event_is_requested_after_the_one_before_was_handled(
    merge: Merge, run: Source, tools: Source
) -> None:
    events: AsyncIterator[Any] = merge(run, tools)
    run.send(1, 2)
    assert await anext(events) == 1
    await settle()
    assert run.asked == 1

    assert await anext(events) == 2
    assert run.asked == 2


@MERGES
async def test_end_cancels_a_request_of_the_other(merge: Merge, run: Source, tools: Source) -> None:
    events: AsyncIterator[Any] = merge(run, tools)
    run.send(1)
    assert await anext(events) == 1

    run.send(StopAsyncIteration())

    assert [event async for event in events] == []
    await settle()
    assert tools.is_cancelled


@MERGES
async def test_event_beside_the_end_is_not_lost(merge: Merge, run: Source, tools: Source) -> None:
    events: AsyncIterator[Any] = merge(run, tools)
    run.send(1)
    assert await anext(events) == 1
    waiting = asyncio.ensure_future(anext(events))
    await settle()

    run.send(StopAsyncIteration())
    tools.send("a")

    assert await waiting == "a"
    assert [event async for event in events] == []


@MERGES
@pytest.mark.parametrize("error", [ValueError("broken off"), asyncio.CancelledError()])
async def test_exceptions_are_raised(
    merge: Merge, run: Source, tools: Source, error: BaseException
) -> None:
    events: AsyncIterator[Any] = merge(run, tools)
    run.send(1, error)
    assert await anext(events) == 1

    with pytest.raises(type(error)):
        await anext(events)


@MERGES
async def test_reader_that_leaves_cancels_no_request(
    merge: Merge, run: Source, tools: Source
) -> None:
    async with aclosing(merge(run, tools)) as events:
        tools.send("a")
        assert await anext(events) == "a"

    await settle()
    assert not run.is_cancelled
    run.send(1)
    await settle()
    assert run.asked == 1


@pytest.mark.parametrize("end", [StopAsyncIteration(), ValueError("broken off")])
async def test_no_task_is_left(run: Source, tools: Source, end: Exception) -> None:
    before = asyncio.all_tasks()
    events = merge_iterators(run, tools)
    run.send(1)
    tools.send("a")
    assert {await anext(events), await anext(events)} == {1, "a"}

    run.send(end)
    with pytest.raises((StopAsyncIteration, ValueError)):
        await anext(events)
    tools.send("b")  # no reader is left
    await settle()

    assert asyncio.all_tasks() == before

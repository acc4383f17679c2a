"""The event queue between tools and openai-chatkit."""

import asyncio
from typing import Any

from chatkit.agents import _AsyncQueueIterator
from chatkit.types import ProgressUpdateEvent
from run_kit import MakeContext


async def test_openai_chatkit_reads_the_event_queue(make_context: MakeContext) -> None:
    """`AgentContext._events` is private to openai-chatkit: fails when that changes."""
    context = make_context()
    reader: Any = _AsyncQueueIterator(context._events)

    await context.stream(ProgressUpdateEvent(text="hello"))

    assert (await anext(reader)).event.text == "hello"


async def test_close_cancels_a_waiting_reader(make_context: MakeContext) -> None:
    context = make_context()
    reader = asyncio.ensure_future(context._events.get())
    await asyncio.sleep(0)

    context.close()

    await asyncio.wait([reader], timeout=1)
    assert reader.cancelled()

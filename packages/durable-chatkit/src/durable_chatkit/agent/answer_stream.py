"""Prepares an agent context for the items of each answer, in step with openai-chatkit.

`stream_agent_response` creates the items for reasoning and images itself and ignores the calls of
hosted tools. Before it gets the event of such an item, the item's id, which the answer's journal
entry owns, is reserved, and the task of a hosted tool is added to the current workflow. This
happens inside `result.stream_events`: openai-chatkit asks for the next event only after it has
handled the previous one, so that every attempt produces the same items in the same order.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self, cast

from agents import RunResultStreaming, StreamEvent
from chatkit.agents import AgentContext
from chatkit.types import Workflow
from openai.types.responses import ResponseOutputItem, ResponseReasoningItem
from openai.types.responses.response_output_item import ImageGenerationCall

from durable_chatkit.agent.hosted_tasks import hosted_task
from durable_chatkit.agent.run_context import EventQueue
from durable_chatkit.chatkit.context import IdScope
from durable_chatkit.chatkit.private_api import event_queue


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
        queue = event_queue(self._context)
        if task is None or not isinstance(queue, EventQueue) or not await _has_reader(queue):
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


async def _has_reader(queue: EventQueue) -> bool:
    """Return whether openai-chatkit reads the context's events; other readers of a result don't."""
    if not queue.is_read:
        await asyncio.sleep(0)  # the reader starts at the same time as this stream
    return queue.is_read

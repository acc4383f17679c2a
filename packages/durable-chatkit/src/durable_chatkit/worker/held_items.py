"""Keeps the events of an attempt consistent with its journal and with what viewers have.

A workflow with a model's reasoning is done as soon as the message after it begins, long before the
answer with both is journaled. If its `done` were published at once and the worker died, a later
attempt couldn't tell whether the published thoughts are those of the recorded answer.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
)

from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.worker.fold import LogFold

Events = AsyncGenerator[ThreadStreamEvent, None]


async def hold_unproven(
    events: AsyncIterator[ThreadStreamEvent], scope: RunScope, published: LogFold
) -> Events:
    """Yield events, workflows' `done` only after the answers in progress are journaled.

    A workflow of an earlier run that got nothing in this one is done at once.

    Events of items that viewers have as done are dropped before they are stored: a replayed
    workflow has another duration.
    """
    held: dict[str, ThreadItemDoneEvent] = {}
    changed: set[str] = set()
    async with aclosing(cast("Events", events)) as stream:
        async for event in stream:
            if held and not scope.unsaved_answers:
                for done in held.values():
                    yield done
                held.clear()
            if _is_known(event, published):
                continue
            match event:
                case ThreadItemAddedEvent():
                    changed.add(event.item.id)
                case ThreadItemUpdatedEvent():
                    changed.add(event.item_id)
                case ThreadItemDoneEvent(item=WorkflowItem() as workflow) if (
                    scope.unsaved_answers and workflow.id in changed
                ):
                    held[workflow.id] = event.model_copy(deep=True)
                    continue
                case ThreadItemRemovedEvent():
                    held.pop(event.item_id, None)
            yield event
    for done in held.values():
        yield done


def _is_known(event: ThreadStreamEvent, published: LogFold) -> bool:
    match event:
        case ThreadItemAddedEvent() | ThreadItemDoneEvent():
            return event.item.id in published.done
        case ThreadItemUpdatedEvent():
            # Widgets are updated in place after they are done, by actions and tools.
            is_widget = event.update.type.startswith("widget.")
            return event.item_id in published.done and not is_widget
        case _:
            return False

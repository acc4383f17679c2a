"""Publishes a turn's events as frames on the bus: none twice, and none that a takeover could contradict.

A workflow with a model's reasoning is done as soon as the message after it begins, long before the
answer with both is journaled. If its `done` were published at once and the worker died, a later
attempt couldn't tell whether the published thoughts are those of the recorded answer.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

from chatkit.types import (
    ErrorEvent,
    StreamOptionsEvent,
    ThreadCreatedEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WorkflowItem,
)

from durable_chatkit.agent.failures import TOO_LONG
from durable_chatkit.agent.run_scope import RunScope
from durable_chatkit.chatkit.encoding import encode_event
from durable_chatkit.worker.fold import LogFold
from durable_chatkit.worker.run_handle import RunHandle
from todochat.bus import RunLogFullError, RunWriter

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


class FramePublisher:
    """Publishes the events of one run that its viewers don't have yet.

    Args:
        published: the events in the log.
        sign: adds what is sent to clients and never stored, the signatures of links.

    Attributes:
        has_failed: an error event was published.
    """

    def __init__(
        self,
        writer: RunWriter,
        published: LogFold,
        run_handle: RunHandle,
        sign: Callable[[ThreadStreamEvent], ThreadStreamEvent],
    ) -> None:
        self.writer = writer
        self.has_failed = False
        self._published = published
        self._has_options = False
        self._handle = run_handle
        self._sign = sign

    async def publish(self, event: ThreadStreamEvent) -> None:
        """Publish an event, unless an earlier attempt has.

        Raises:
            RunLostError, RunUnclaimedError, BusUnavailableError: see `RunWriter`.
        """
        if self._is_repeat(event):
            return
        self._published.apply(event)
        self.has_failed = self.has_failed or isinstance(event, ErrorEvent)
        data = encode_event(self._sign(event))
        try:
            await self.writer.append(data)
        except RunLogFullError:
            # From here on the bus accepts a few more frames, to close open items.
            self._handle.fail(TOO_LONG)
            with contextlib.suppress(RunLogFullError):
                await self.writer.append(data)

    def _is_repeat(self, event: ThreadStreamEvent) -> bool:
        match event:
            case ThreadItemDoneEvent() | ThreadItemAddedEvent():
                item_id, published = event.item.id, self._published
                is_open = event.type == "thread.item.added" and item_id in published.open.items
                return is_open or item_id in published.done
            case ThreadItemRemovedEvent():
                # A server may use the ID of a removed item again; and after a takeover a guardrail may
                # remove an item that was replayed for it.
                is_gone = self._published.is_gone(event.item_id)
                return is_gone and event.item_id in self._published.removed
            case ThreadItemReplacedEvent():
                return self._published.replaced.get(event.item.id) == event.item
            case ThreadCreatedEvent():
                return event.type in self._published.event_types
            case StreamOptionsEvent():
                # Each attempt starts with them; the agent may change them later.
                is_first, self._has_options = not self._has_options, True
                return is_first and event.type in self._published.event_types
            case _:
                return False

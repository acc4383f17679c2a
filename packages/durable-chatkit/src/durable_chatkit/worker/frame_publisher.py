"""Publishes openai-chatkit's events as frames on the bus, without repetitions."""

import contextlib
from collections.abc import Callable

from chatkit.types import (
    ErrorEvent,
    StreamOptionsEvent,
    ThreadCreatedEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
)

from durable_chatkit.agent.failures import TOO_LONG
from durable_chatkit.chatkit.encoding import encode_event
from durable_chatkit.worker.fold import LogFold
from durable_chatkit.worker.run_handle import RunHandle
from todochat.bus import RunLogFullError, RunWriter


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

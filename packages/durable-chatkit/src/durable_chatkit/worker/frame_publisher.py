"""From openai-chatkit's events to frames on the bus, each thing once."""

import contextlib

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
from durable_chatkit.worker.active_run import ActiveRun
from durable_chatkit.worker.fold import LogFold
from todochat.bus import RunLogFullError, RunWriter


class FramePublisher:
    """Publishes what the viewers of one run don't have yet.

    Args:
        said: what the log has told them.

    Attributes:
        has_failed: an error event was said.
    """

    def __init__(self, writer: RunWriter, said: LogFold, active: ActiveRun) -> None:
        self.writer = writer
        self.has_failed = False
        self._said = said
        self._has_options = False
        self._active = active

    async def publish(self, event: ThreadStreamEvent) -> None:
        """Say an event, unless an earlier attempt has.

        Raises:
            RunLostError, RunUnclaimedError, BusUnavailableError: see `RunWriter`.
        """
        if self._is_repeat(event):
            return
        self._said.apply(event)
        self.has_failed = self.has_failed or isinstance(event, ErrorEvent)
        data = encode_event(event)
        try:
            await self.writer.append(data)
        except RunLogFullError:
            # From here on the bus takes a few more frames, for the end of what was begun.
            self._active.fail(TOO_LONG)
            with contextlib.suppress(RunLogFullError):
                await self.writer.append(data)

    def _is_repeat(self, event: ThreadStreamEvent) -> bool:
        match event:
            case ThreadItemDoneEvent() | ThreadItemAddedEvent():
                return event.item.id in self._said.done
            case ThreadItemRemovedEvent():
                return event.item_id in self._said.removed
            case ThreadItemReplacedEvent():
                return self._said.replaced.get(event.item.id) == event.item
            case ThreadCreatedEvent():
                return event.type in self._said.said
            case StreamOptionsEvent():
                # Each attempt begins with them; the agent may change them later.
                is_first, self._has_options = not self._has_options, True
                return is_first and event.type in self._said.said
            case _:
                return False

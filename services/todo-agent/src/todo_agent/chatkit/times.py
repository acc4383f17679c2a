"""Times of openai-chatkit, made UTC in this one place.

openai-chatkit stamps items with `datetime.now()`: local and naive, so that a client in another zone
shows the wrong hour, and anew for each event of the same item.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

from chatkit.types import (
    ThreadCreatedEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
)


def as_utc(moment: datetime) -> datetime:
    """Return a time as aware UTC; a naive one is this machine's local time."""
    return moment.astimezone(UTC)


async def with_utc_times(
    events: AsyncIterator[ThreadStreamEvent],
) -> AsyncIterator[ThreadStreamEvent]:
    """Pass events on with UTC times; an item keeps the time of its first event.

    The events' objects are changed, not copied, so that what is stored and what is said agree.
    """
    first_said: dict[str, datetime] = {}
    async with aclosing(events) as source:  # type: ignore[type-var]
        async for event in source:
            match event:
                case ThreadItemAddedEvent() | ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                    item = event.item
                    item.created_at = first_said.setdefault(item.id, as_utc(item.created_at))
                case ThreadCreatedEvent() | ThreadUpdatedEvent():
                    event.thread.created_at = as_utc(event.thread.created_at)
                case _:
                    pass
            yield event

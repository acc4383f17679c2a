"""Times of openai-chatkit, made UTC in this one place.

openai-chatkit stamps items with `datetime.now()`: local and naive, so that a client in another zone
shows the wrong hour, and anew for each event of the same item.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
)

TICK: Final = timedelta(microseconds=1)


def as_utc(moment: datetime) -> datetime:
    """Return a time as aware UTC; a naive one is this machine's local time."""
    return moment.astimezone(UTC)


def as_local(moment: datetime) -> datetime:
    """Return a time as openai-chatkit's own are: naive, this machine's local time."""
    return moment.astimezone().replace(tzinfo=None)


async def with_utc_times(
    events: AsyncIterator[ThreadStreamEvent], not_before: datetime
) -> AsyncIterator[ThreadStreamEvent]:
    """Pass events on; items get UTC times in the order in which they are first said.

    Items are listed by time, so an item must be younger than those before it even if two share a
    microsecond or this machine's clock is behind. The objects are changed, not copied: what is
    stored and what is said agree.

    Args:
        not_before: every new item is younger than this.
    """
    first_said: dict[str, datetime] = {}
    latest = not_before
    async for event in events:
        match event:
            case ThreadItemAddedEvent() | ThreadItemDoneEvent():
                item = event.item
                if item.id not in first_said:
                    latest = max(as_utc(item.created_at), latest + TICK)
                    first_said[item.id] = latest
                item.created_at = first_said[item.id]
            case ThreadItemReplacedEvent():
                item = event.item
                item.created_at = first_said.setdefault(item.id, as_utc(item.created_at))
            case _:
                pass
        yield event

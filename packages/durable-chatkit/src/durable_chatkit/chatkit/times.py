"""Converts openai-chatkit's item times to UTC.

openai-chatkit stamps items with `datetime.now()`: naive local time, which clients in other time
zones display incorrectly, and a new value for each event of the same item.
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
    """Return a time as aware UTC; a naive time is read as this machine's local time."""
    return moment.astimezone(UTC)


def as_local(moment: datetime) -> datetime:
    """Return a time in openai-chatkit's form: naive, in this machine's local time."""
    return moment.astimezone().replace(tzinfo=None)


async def with_utc_times(
    events: AsyncIterator[ThreadStreamEvent], not_before: datetime
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield events whose items have UTC times, increasing in the order of their first event.

    Items are sorted by time, so each item must be later than the ones before it, even if two share
    a microsecond or this machine's clock is behind. Items are changed in place, so that the stored
    and the published item agree.

    Args:
        not_before: every new item gets a later time than this.
    """
    times: dict[str, datetime] = {}
    latest = not_before
    async for event in events:
        match event:
            case ThreadItemAddedEvent() | ThreadItemDoneEvent():
                item = event.item
                if item.id not in times:
                    latest = max(as_utc(item.created_at), latest + TICK)
                    times[item.id] = latest
                item.created_at = times[item.id]
            case ThreadItemReplacedEvent():
                item = event.item
                item.created_at = times.setdefault(item.id, as_utc(item.created_at))
            case _:
                pass
        yield event

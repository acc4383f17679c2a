"""Item times are UTC, stable, and increase in publishing order."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from chat_kit import Items, MakeItems
from chatkit.types import (
    ProgressUpdateEvent,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadStreamEvent,
)

from durable_chatkit.chatkit.rows import as_utc
from durable_chatkit.chatkit.server import with_utc_times

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def pass_through(
    events: Sequence[ThreadStreamEvent], not_before: datetime = LONG_AGO, **times: datetime
) -> list[Any]:
    async def source() -> AsyncIterator[ThreadStreamEvent]:
        for event in events:
            yield event

    return [event async for event in with_utc_times(source(), not_before, times)]


@pytest.fixture
def made(items: MakeItems) -> Items:
    return items("thr_1")


def test_time_in_another_zone_is_converted_to_utc() -> None:
    moment = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=5)))

    assert as_utc(moment) == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


async def test_item_keeps_the_time_of_its_first_event(made: Items) -> None:
    item = made.answer(id="msg_1")
    later = made.answer(id="msg_1")

    added, done = await pass_through(
        [ThreadItemAddedEvent(item=item), ThreadItemDoneEvent(item=later)]
    )

    assert done.item.created_at == added.item.created_at == item.created_at


async def test_items_of_the_same_microsecond_keep_their_order(made: Items) -> None:
    moment = datetime.now(UTC)
    events = [ThreadItemDoneEvent(item=made.answer(created_at=moment)) for _ in range(5)]

    times = [event.item.created_at for event in await pass_through(events)]

    assert times == sorted(set(times))


async def test_items_are_later_than_not_before(made: Items) -> None:
    late = datetime.now(UTC) + timedelta(days=1)

    (event,) = await pass_through([ThreadItemDoneEvent(item=made.answer())], late)

    assert event.item.created_at == late + timedelta(microseconds=1)


async def test_unfinished_item_keeps_the_time_that_viewers_have(made: Items) -> None:
    published = datetime.now(UTC) - timedelta(seconds=5)
    events = [ThreadItemDoneEvent(item=made.answer(id="msg_1"))]

    (event,) = await pass_through(events, msg_1=published)

    assert event.item.created_at == published


async def test_other_events_are_unchanged() -> None:
    event = ProgressUpdateEvent(text="Looking")

    assert await pass_through([event]) == [event]

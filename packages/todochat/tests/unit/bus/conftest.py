"""A publisher, a hub, and viewers that record events."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from bus_kit import SHORT, Bus, MakeBus
from redis.asyncio import Redis


@pytest.fixture
async def make_bus(redis: Redis) -> AsyncIterator[MakeBus]:
    """Return a function that starts a bus, as another process would; limits by keyword."""
    made: list[Bus] = []

    async def make(client: Redis = redis, **limits: float) -> Bus:
        bus = Bus(client, msgspec.structs.replace(SHORT, **limits))
        made.append(bus)
        await bus.start()
        return bus

    yield make
    for bus in made:
        await bus.aclose()


@pytest.fixture
async def bus(make_bus: MakeBus) -> Bus:
    """A started bus with short times."""
    return await make_bus()

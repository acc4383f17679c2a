"""Two hundred conversations at once, for five minutes."""

import asyncio

import pytest

from load.soak import Shape, report, soak

MIB = 1 << 20
# From half of the time on: threads get longer, and pools are full by then. 1,000 turns follow,
# so a leak of 50 KB a turn would exceed this.
MAY_GROW = 48 * MIB
# The connection pools of all services may hold this many together. They keep the connections of their
# busiest moment, which may come late; a leak of one connection in ten turns would exceed this.
POOLS = 60


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_200_streams_for_five_minutes_neither_fail_nor_leak() -> None:
    shape = Shape()

    result = asyncio.run(soak(shape))

    figures = report(shape, result)
    print(figures)
    assert result.watched.failures == [], figures
    assert result.watched.turns >= shape.streams, figures
    for service, half in result.half.resident.items():
        assert result.idle.resident[service] < half + MAY_GROW, figures
    assert result.idle.postgres_connections <= POOLS, figures
    assert result.idle.redis_connections <= POOLS, figures

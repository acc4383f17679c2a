"""Two hundred conversations at once, for five minutes."""

import asyncio

import pytest

from load.soak import Shape, report, soak

MIB = 1 << 20
# A service's memory may still grow a little after everybody has begun: threads get longer, pools
# fill. A leak of 10 KB a turn would be past this in five minutes.
MAY_GROW = 64 * MIB
POOLS = 60  # what the connection pools of all services may hold together


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_streams_for_five_minutes_fail_nobody_and_leak_nothing() -> None:
    shape = Shape()

    result = asyncio.run(soak(shape))

    figures = report(shape, result)
    print(figures)
    assert result.watched.failures == [], figures
    assert result.watched.turns >= shape.streams, figures
    for service, early in result.early.resident.items():
        assert result.idle.resident[service] < early + MAY_GROW, figures
    assert result.idle.postgres_connections <= POOLS, figures
    assert result.idle.redis_connections <= result.early.redis_connections, figures

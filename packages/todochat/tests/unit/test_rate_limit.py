"""Rate limits in Redis."""

import pytest
from redis.asyncio import Redis

from todochat.bus.redis_client import create_redis
from todochat.http.rate_limit import RateLimit
from todochat.testing import free_port


async def test_subject_gets_exactly_its_limit(redis: Redis) -> None:
    limit = RateLimit(redis, "shop:orders", limit=3, window_s=60)

    let_in = [await limit.take("ann") for _ in range(3)]
    wait_s = await limit.take("ann")

    assert let_in == [0, 0, 0]
    assert 0 < wait_s <= 60
    assert await limit.take("bob") == 0


async def test_count_is_shared_by_all_processes(redis: Redis) -> None:
    here, there = (RateLimit(redis, "shop:orders", limit=1, window_s=60) for _ in range(2))

    assert await here.take("ann") == 0
    assert await there.take("ann") > 0


async def test_new_window_admits_requests_again(redis: Redis) -> None:
    limit = RateLimit(redis, "shop:orders", limit=1, window_s=60)
    await limit.take("ann")
    assert await limit.take("ann") > 0
    assert 0 < await redis.ttl("shop:orders:{ann}") <= 60

    await redis.expire("shop:orders:{ann}", 0)

    assert await limit.take("ann") == 0


async def test_refunded_request_admits_another(redis: Redis) -> None:
    limit = RateLimit(redis, "shop:orders", limit=1, window_s=60)

    await limit.take("ann")
    await limit.refund("ann")

    assert await limit.take("ann") == 0
    assert await limit.take("ann") > 0


async def test_late_refund_leaves_no_permanent_counter(
    redis: Redis,
) -> None:
    limit = RateLimit(redis, "shop:orders", limit=1, window_s=60)

    await limit.refund("ann")

    assert 0 < await redis.ttl("shop:orders:{ann}") <= 60


async def test_limit_of_zero_is_unlimited(redis: Redis) -> None:
    limit = RateLimit(redis, "shop:orders", limit=0, window_s=60)

    assert [await limit.take("ann") for _ in range(5)] == [0] * 5
    assert await redis.keys("shop:*") == []


async def test_rate_limit_fails_open_and_pauses_calls_without_redis(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = create_redis(f"redis://127.0.0.1:{free_port()}/0")
    limit = RateLimit(away, "shop:orders", limit=1, window_s=60)

    assert await limit.take("ann") == 0
    monkeypatch.setattr(limit, "_count", None)
    assert await limit.take("ann") == 0
    await limit.refund("ann")
    await away.aclose()


async def test_counting_resumes_once_redis_is_back(redis: Redis) -> None:
    away = create_redis(f"redis://127.0.0.1:{free_port()}/0")
    limit = RateLimit(away, "shop:orders", limit=1, window_s=60)
    await limit.take("ann")
    await away.aclose()

    limit._redis, limit._paused_until = redis, 0.0

    assert await limit.take("ann") == 0
    assert await limit.take("ann") > 0

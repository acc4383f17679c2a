"""Waking and poking workers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from todochat.bus import BusUnavailableError, WorkerChannels, poke, register, wake
from todochat.bus.redis_client import create_redis
from todochat.testing import free_port, wait_until


@pytest.fixture
async def channels(redis: Redis) -> AsyncIterator[WorkerChannels]:
    async with WorkerChannels(redis, "wrk_1") as channels:
        # The connection itself wakes once.
        await asyncio.wait_for(channels.wait_wake(5), 5)
        await wait_until(lambda: subscribed(redis, "chat:wake", "chat:control:wrk_1"))
        yield channels


async def subscribed(redis: Redis, *channels: str) -> bool:
    return all(count == 1 for _, count in await redis.pubsub_numsub(*channels))


async def test_wake_ends_the_wait(redis: Redis, channels: WorkerChannels) -> None:
    waiting = asyncio.create_task(channels.wait_wake(10))

    await wake(redis)

    await asyncio.wait_for(waiting, 5)


async def test_wake_before_the_wait_is_kept(redis: Redis, channels: WorkerChannels) -> None:
    await wake(redis)
    await wait_until(channels._woken.is_set)

    await asyncio.wait_for(channels.wait_wake(10), 1)

    assert not channels._woken.is_set()


async def test_wait_ends_after_its_timeout(channels: WorkerChannels) -> None:
    await channels.wait_wake(0.01)

    assert not channels._woken.is_set()


async def test_poke_reaches_its_worker(redis: Redis, channels: WorkerChannels) -> None:
    poked: list[str] = []
    channels.on_control(poked.append)

    await poke(redis, "wrk_2", "run_other")
    await poke(redis, "wrk_1", "run_1")

    await wait_until(lambda: poked)
    assert poked == ["run_1"]


async def test_reconnect_wakes(redis: Redis, channels: WorkerChannels) -> None:
    waiting = asyncio.create_task(channels.wait_wake(10))

    await redis.client_kill_filter(_type="pubsub")

    await asyncio.wait_for(waiting, 5)


async def test_signals_without_redis_raise_and_wait_times_out() -> None:
    redis = create_redis(f"redis://127.0.0.1:{free_port()}/0")

    with pytest.raises(BusUnavailableError):
        await register(redis, "run_1", user_id="usr_1", thread_id="thr_1")
    with pytest.raises(BusUnavailableError):
        await wake(redis)
    with pytest.raises(BusUnavailableError):
        await poke(redis, "wrk_1", "run_1")
    async with WorkerChannels(redis, "wrk_1") as channels:
        await channels.wait_wake(0.01)
    await redis.aclose()

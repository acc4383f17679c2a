"""The Pub/Sub connection without the hub."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from todochat.bus.subscriber import CallbackListener, Subscriber
from todochat.testing import wait_until


@pytest.fixture
async def subscriber(redis: Redis) -> AsyncIterator[Subscriber]:
    subscriber = Subscriber(redis)
    yield subscriber
    await subscriber.aclose()


async def test_message_of_removed_channel_is_ignored(redis: Redis, subscriber: Subscriber) -> None:
    heard: list[bytes] = []
    confirmed: list[int] = []

    def hear_and_leave(message: bytes) -> None:
        heard.append(message)
        subscriber.remove(b"news")

    subscriber.add(b"news", CallbackListener(hear_and_leave, lambda: confirmed.append(1)))
    subscriber.add(b"other", CallbackListener(heard.append))
    await subscriber.start()
    await wait_until(lambda: confirmed)

    async with redis.pipeline() as pipeline:
        # The awaitables are the pipeline itself; `execute` sends the commands.
        _ = pipeline.publish("news", "one")
        _ = pipeline.publish("news", "two")
        _ = pipeline.publish("other", "three")
        await pipeline.execute()

    await wait_until(lambda: b"three" in heard)
    assert heard == [b"one", b"three"]


async def test_confirmation_of_removed_channel_is_ignored(
    redis: Redis, subscriber: Subscriber
) -> None:
    confirmed = []

    def drop_the_second() -> None:
        confirmed.append("first")
        subscriber.remove(b"second")

    subscriber.add(b"first", CallbackListener(print, drop_the_second))
    subscriber.add(b"second", CallbackListener(print, lambda: confirmed.append("second")))
    subscriber.add(b"third", CallbackListener(print, lambda: confirmed.append("third")))
    await subscriber.start()

    await wait_until(lambda: "third" in confirmed)
    assert confirmed == ["first", "third"]
    await wait_until(lambda: dropped(redis, "second"))


async def dropped(redis: Redis, channel: str) -> bool:
    return await redis.pubsub_numsub(channel) == [(channel.encode(), 0)]

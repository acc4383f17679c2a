"""Reads that many viewers share."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from todochat.bus.redis_client import create_redis
from todochat.bus.reply_reader import Command
from todochat.bus.run_log import CALLS_PER_EXCHANGE, SharedReads
from todochat.testing import free_port


@pytest.fixture
async def reads(redis: Redis) -> AsyncIterator[SharedReads]:
    reads = SharedReads(redis, 2.0)
    yield reads
    await reads.aclose()


async def test_each_call_gets_its_own_reply(redis: Redis, reads: SharedReads) -> None:
    for n in range(50):
        await redis.set(f"key-{n}", n)

    answers = await asyncio.gather(
        *(reads.query((b"GET", f"key-{n}"), (b"STRLEN", f"key-{n}")) for n in range(50))
    )

    assert answers == [[b"%d" % n, len(str(n))] for n in range(50)]


async def test_queued_calls_are_batched(
    reads: SharedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, call = [], reads._connection.call

    async def counting(*commands: Command) -> list[Any]:
        sizes.append(len(commands))
        return await call(*commands)

    monkeypatch.setattr(reads._connection, "call", counting)
    await asyncio.gather(*(reads.query((b"PING",)) for _ in range(20)))

    assert max(sizes) == CALLS_PER_EXCHANGE
    assert sum(sizes) == 20


async def test_refused_command_fails_only_its_call(redis: Redis, reads: SharedReads) -> None:
    await redis.set("text", "x")

    answers: tuple[Any, Any] = await asyncio.gather(
        reads.query((b"XLEN", "text")), reads.query((b"GET", "text")), return_exceptions=True
    )
    refused, fine = answers

    assert isinstance(refused, ResponseError)
    assert fine == [b"x"]


async def test_cancelled_queued_call_does_not_disturb_others(
    redis: Redis, reads: SharedReads
) -> None:
    await redis.set("text", "x")
    calls = [asyncio.create_task(reads.query((b"GET", "text"))) for _ in range(20)]
    await asyncio.sleep(0)

    for call in calls[::2]:
        call.cancel()
    answers = await asyncio.gather(*calls[1::2])
    connections = await redis.client_list()

    assert answers == [[b"x"]] * 10
    assert len(connections) == 2


async def test_cancelled_call_in_flight_does_not_disturb_others(
    redis: Redis, reads: SharedReads
) -> None:
    await reads.query((b"PING",))
    await redis.client_pause(100)
    given_up = asyncio.create_task(reads.query((b"PING",)))
    await asyncio.sleep(0.02)

    given_up.cancel()

    assert await reads.query((b"ECHO", "after")) == [b"after"]


async def test_closed_connection_is_replaced_transparently(
    redis: Redis, reads: SharedReads
) -> None:
    await reads.query((b"PING",))
    await redis.client_kill_filter(_type="normal", skipme=True)

    answers = await asyncio.gather(*(reads.query((b"ECHO", "x")) for _ in range(20)))

    assert answers == [[b"x"]] * 20


async def test_all_queued_calls_fail_without_redis() -> None:
    client = create_redis(f"redis://127.0.0.1:{free_port()}/0")
    reads = SharedReads(client, 2.0)

    answers = await asyncio.gather(
        *(reads.query((b"PING",)) for _ in range(100)), return_exceptions=True
    )

    assert all("connecting" in str(answer) for answer in answers)
    await reads.aclose()
    await client.aclose()


async def test_close_fails_queued_calls(redis: Redis) -> None:
    reads = SharedReads(redis, 5.0)
    await redis.client_pause(200)
    calls = [asyncio.create_task(reads.query((b"PING",))) for _ in range(20)]
    await asyncio.sleep(0.02)

    await reads.aclose()

    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, RedisError) for answer in answers)

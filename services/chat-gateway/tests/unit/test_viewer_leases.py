"""Viewer leases in Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from gateway_kit import make_viewer
from redis.asyncio import Redis

from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus.redis_client import create_server_client
from todochat.identity.revocation import RevocationSet
from todochat.testing.memory import out_of_memory


async def test_every_key_of_a_viewer_expires(redis: Redis) -> None:
    leases = ViewerLeases(redis, RevocationSet(redis), 30)

    await leases.acquire(make_viewer(is_resumable=True))
    await leases.release(make_viewer("vwr_2"), client_closed=True)

    names = [name async for name in redis.scan_iter()]
    assert len(names) == 3
    assert all([await redis.ttl(name) > 0 for name in names])


async def test_set_of_unwatched_runs_expires(redis: Redis) -> None:
    viewer, leases = make_viewer(), ViewerLeases(redis, RevocationSet(redis), 30)
    await leases.acquire(viewer)

    await leases.release(viewer, client_closed=True)

    assert await redis.zcard("gateway:absent") == 1
    assert await redis.ttl("gateway:absent") > 3600


async def test_resumable_viewer_starts_no_grace_period_even_if_full_redis_refused_its_flag(
    redis: Redis,
) -> None:
    viewer = make_viewer(is_resumable=True)
    leases = ViewerLeases(redis, RevocationSet(redis), 30)
    async with out_of_memory(redis):
        await leases.acquire(viewer)

    await leases.release(viewer, client_closed=True)

    assert await redis.zcard("gateway:absent") == 0


async def test_viewer_of_a_revoked_session_is_closed_on_full_redis(redis: Redis) -> None:
    viewer, revocations = make_viewer(), RevocationSet(redis)
    revocations.hear("ses_1")

    async with out_of_memory(redis):
        await ViewerLeases(redis, revocations, 30).acquire(viewer)

    assert viewer.close_reason.done()


async def test_renewal_restores_leases_that_redis_lost(redis: Redis) -> None:
    viewer, leases, open_streams = (
        make_viewer(),
        ViewerLeases(redis, RevocationSet(redis), 30),
        OpenStreams(),
    )
    await leases.acquire(viewer)
    open_streams.add(viewer)
    await redis.flushall()

    await leases.renew(open_streams)

    assert await redis.zcard("chat:{run_1}:viewers") == 1
    assert await redis.zcard("gateway:{usr_ann}:streams") == 1
    open_streams.remove(viewer)


async def test_renewal_does_not_restore_leases_of_a_viewer_that_left(redis: Redis) -> None:
    viewer, leases = make_viewer(), ViewerLeases(redis, RevocationSet(redis), 30)
    await leases.release(viewer, client_closed=False)

    await leases.renew([viewer])

    assert await redis.zcard("chat:{run_1}:viewers") == 0
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


class HangingRedis:
    """Accepts connections and never responds."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@pytest_asyncio.fixture
async def hanging_redis() -> AsyncIterator[Redis]:
    """A client of a Redis that hangs; its own retries would take 15 s."""
    hanging = HangingRedis()
    server = await asyncio.start_server(hanging, "127.0.0.1", 0)
    redis = create_server_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    yield redis
    await redis.aclose()
    server.close()
    hanging.close()


async def test_hanging_redis_delays_neither_start_nor_end_of_a_stream(hanging_redis: Redis) -> None:
    viewer, leases = make_viewer(), ViewerLeases(hanging_redis, RevocationSet(hanging_redis), 30)

    async with asyncio.timeout(4.5):
        await asyncio.gather(
            leases.acquire(viewer), leases.release(make_viewer("vwr_2"), client_closed=True)
        )

    assert not viewer.close_reason.done()

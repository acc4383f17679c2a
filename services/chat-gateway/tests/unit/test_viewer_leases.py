"""Leases of viewers, seen from Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.stream_format import PlainFormat
from chat_gateway.streams.viewer import StreamViewer
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus.redis_client import create_server_client
from todochat.identity.revocation import RevocationSet
from todochat.identity.tokens import Identity
from todochat.testing.memory import out_of_memory


@pytest.fixture
def make_viewer() -> Callable[..., StreamViewer]:
    def make(viewer_id: str = "vwr_1", *, is_resumable: bool = False) -> StreamViewer:
        return StreamViewer(
            viewer_id=viewer_id,
            identity=Identity("usr_ann", "ses_1", int(time.time()) + 60, "client-secret"),
            run_id="run_1",
            thread_id="thr_1",
            after=0,
            active=True,
            stream_format=PlainFormat(),
            is_resumable=is_resumable,
            can_reattach=is_resumable,
            started_at=0.0,
        )

    return make


async def test_every_key_of_a_viewer_expires(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    leases = ViewerLeases(redis, RevocationSet(redis), 30)

    await leases.acquire(make_viewer(is_resumable=True))
    await leases.release(make_viewer("vwr_2"), client_closed=True)

    names = [name async for name in redis.scan_iter()]
    assert len(names) == 3
    assert all([await redis.ttl(name) > 0 for name in names])


async def test_the_clock_of_an_abandoned_run_expires_too(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    viewer, leases = make_viewer(), ViewerLeases(redis, RevocationSet(redis), 30)
    await leases.acquire(viewer)

    await leases.release(viewer, client_closed=True)

    assert await redis.zcard("gateway:absent") == 1
    assert await redis.ttl("gateway:absent") > 3600


async def test_no_clock_starts_after_a_resumable_viewer_whose_flag_a_full_redis_refused(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    viewer = make_viewer(is_resumable=True)
    leases = ViewerLeases(redis, RevocationSet(redis), 30)
    async with out_of_memory(redis):
        await leases.acquire(viewer)

    await leases.release(viewer, client_closed=True)

    assert await redis.zcard("gateway:absent") == 0


async def test_a_viewer_whose_session_is_known_to_be_revoked_is_closed_on_a_full_redis(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    viewer, revocations = make_viewer(), RevocationSet(redis)
    revocations.hear("ses_1")

    async with out_of_memory(redis):
        await ViewerLeases(redis, revocations, 30).acquire(viewer)

    assert viewer.close_reason.done()


async def test_renewing_brings_back_what_redis_lost(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
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


async def test_a_viewer_that_leaves_while_leases_are_renewed_is_not_brought_back(
    redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    viewer, leases = make_viewer(), ViewerLeases(redis, RevocationSet(redis), 30)
    await leases.release(viewer, client_closed=False)

    await leases.renew([viewer])

    assert await redis.zcard("chat:{run_1}:viewers") == 0
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


class HangingRedis:
    """Takes connections and never says a word."""

    def __init__(self) -> None:
        self._asked: list[asyncio.StreamWriter] = []

    async def __call__(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._asked.append(writer)

    def close(self) -> None:
        for writer in self._asked:
            writer.close()


@pytest_asyncio.fixture
async def hanging_redis() -> AsyncIterator[Redis]:
    """A client of a Redis that hangs; its own tries take 15 s."""
    hanging = HangingRedis()
    server = await asyncio.start_server(hanging, "127.0.0.1", 0)
    redis = create_server_client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    yield redis
    await redis.aclose()
    server.close()
    hanging.close()


async def test_a_redis_that_hangs_holds_up_neither_a_streams_beginning_nor_its_end(
    hanging_redis: Redis, make_viewer: Callable[..., StreamViewer]
) -> None:
    viewer, leases = make_viewer(), ViewerLeases(hanging_redis, RevocationSet(hanging_redis), 30)

    async with asyncio.timeout(4.5):
        await asyncio.gather(
            leases.acquire(viewer), leases.release(make_viewer("vwr_2"), client_closed=True)
        )

    assert not viewer.close_reason.done()

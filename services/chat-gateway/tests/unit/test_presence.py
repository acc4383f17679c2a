"""Leases of viewers, seen from Redis."""

import time

import pytest

from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.presence import Presence
from chat_gateway.streams.stream_format import PlainFormat
from chat_gateway.streams.viewer import Viewer
from todochat.tokens import Identity


@pytest.fixture
def make_viewer():
    def make(viewer_id: str = "vwr_1", *, said_resumable: bool = False) -> Viewer:
        return Viewer(
            viewer_id=viewer_id,
            identity=Identity("usr_ann", "ses_1", int(time.time()) + 60, "client-secret"),
            run_id="run_1",
            thread_id="thr_1",
            after=0,
            active=True,
            stream_format=PlainFormat(),
            said_resumable=said_resumable,
            can_resume=said_resumable,
            began=0.0,
        )

    return make


async def test_every_key_of_a_viewer_expires(redis, make_viewer):
    presence = Presence(redis, 30)

    await presence.arrive(make_viewer(said_resumable=True))
    await presence.leave(make_viewer("vwr_2"), client_closed=True)

    names = [name async for name in redis.scan_iter()]
    assert len(names) == 3
    assert all([await redis.ttl(name) > 0 for name in names])


async def test_the_clock_of_an_abandoned_run_expires_too(redis, make_viewer):
    viewer, presence = make_viewer(), Presence(redis, 30)
    await presence.arrive(viewer)

    await presence.leave(viewer, client_closed=True)

    assert await redis.zcard("gateway:absent") == 1
    assert await redis.ttl("gateway:absent") > 3600


async def test_renewing_brings_back_what_redis_lost(redis, make_viewer):
    viewer, presence, open_streams = make_viewer(), Presence(redis, 30), OpenStreams()
    await presence.arrive(viewer)
    open_streams.add(viewer)
    await redis.flushall()

    await presence.renew(open_streams)

    assert await redis.zcard("chat:{run_1}:viewers") == 1
    assert await redis.zcard("gateway:{usr_ann}:streams") == 1
    open_streams.remove(viewer)


async def test_a_viewer_that_leaves_while_leases_are_renewed_is_not_brought_back(
    redis, make_viewer
):
    viewer, presence = make_viewer(), Presence(redis, 30)
    await presence.leave(viewer, client_closed=False)

    await presence.renew([viewer])

    assert await redis.zcard("chat:{run_1}:viewers") == 0
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0

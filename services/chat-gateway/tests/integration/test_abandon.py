"""When a run is cancelled because nobody watches it, and when it is not."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway, Stream
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from chat_gateway.streams.abandonment import AbandonedRunSweeper
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.relay import Relay
from chat_gateway.streams.stream_format import PlainFormat
from chat_gateway.streams.viewer import StreamViewer
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus import RunHub
from todochat.errors import NotFoundError, UnavailableError
from todochat.http.draining import Drain
from todochat.identity.revocation import RevocationSet
from todochat.identity.tokens import Identity
from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory

CREATE = {"type": "threads.create", "params": {}}
UNWATCHED_RUNS = "gateway:absent"


@pytest.fixture
async def impatient(start_gateway: StartGateway) -> Gateway:
    return await start_gateway(ABANDON_GRACE_S="0.1")


async def test_a_run_is_cancelled_when_its_only_client_went_away(
    agent: FakeAgent, impatient: Gateway, browser_at: BrowserAt
) -> None:
    async with browser_at(impatient).stream("POST", "", body=CREATE) as stream:
        run_id = await agent.latest_run_id()
        stream.close()

    await wait_until(lambda: agent.cancelled == [(run_id, "abandoned")])


@pytest.mark.parametrize(("status", "counted"), [("queued", 1), ("running", 1), ("completed", 0)])
async def test_only_a_run_that_was_active_counts_as_abandoned(
    agent: FakeAgent, redis: Redis, gateway: Gateway, status: str, counted: int
) -> None:
    run_id = await agent.accept_run("usr_ann")
    agent.runs[run_id]["status"] = status
    counted_before = abandoned()

    await redis.zadd(UNWATCHED_RUNS, {f"{run_id} usr_ann": time.time() - 1})

    await wait_until(lambda: _is_settled(redis))
    assert agent.cancelled == [(run_id, "abandoned")]
    assert abandoned() - counted_before == counted


async def test_an_abandoned_run_is_cancelled_on_a_full_redis(
    agent: FakeAgent, redis: Redis, gateway: Gateway
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await redis.zadd(UNWATCHED_RUNS, {f"{run_id} usr_ann": time.time() + 0.2})

    async with out_of_memory(redis):
        await wait_until(lambda: agent.cancelled == [(run_id, "abandoned")])


def abandoned() -> float:
    return REGISTRY.get_sample_value("todochat_abandoned_runs_total") or 0.0


async def _is_settled(redis: Redis) -> bool:
    return await redis.zcard(UNWATCHED_RUNS) == 0


async def test_the_clock_starts_with_the_last_client_wherever_it_was(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    here, there = await start_gateway(), await start_gateway()

    # The same key names the same run, for clients that can't attach.
    def watch(gateway: Gateway) -> AbstractAsyncContextManager[Stream]:
        return browser_at(gateway).stream("POST", "", body=CREATE, Idempotency_Key="k")

    async with watch(here), watch(there) as last:
        run_id = await agent.latest_run_id()
        await wait_until(lambda: redis.zcard(f"chat:{{{run_id}}}:viewers"))
        await wait_until(lambda: there.hub.viewers == 1)
        async with watch(here) as first:
            first.close()
        await wait_until(lambda: here.hub.viewers == 1)
        assert await redis.zcard(UNWATCHED_RUNS) == 0

        last.close()
        await wait_until(lambda: there.hub.viewers == 0)
        assert await redis.zcard(UNWATCHED_RUNS) == 0

    await wait_until(lambda: redis.zcard(UNWATCHED_RUNS))
    due_at = await redis.zscore(UNWATCHED_RUNS, f"{run_id} usr_ann")
    assert due_at is not None
    assert time.time() < due_at <= time.time() + 30


@pytest.mark.parametrize("first", ["sends X-Resumable", "attaches"])
async def test_one_client_that_can_resume_keeps_the_run_for_good(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser, first: str
) -> None:
    def plain(**headers: str) -> AbstractAsyncContextManager[Stream]:
        return ann.stream("POST", "", body=CREATE, Idempotency_Key="k", **headers)

    resuming = plain(X_Resumable="1")
    async with AsyncExitStack() as stack:
        if first == "attaches":
            run_id = await agent.accept_run("usr_ann")
            agent.idempotency_keys["k"] = run_id
            resuming = ann.stream("GET", f"/runs/{run_id}/events")
        resumable = await stack.enter_async_context(resuming)
        await wait_until(lambda: gateway.hub.viewers == 1)
        resumable.close()
    await wait_until(lambda: gateway.hub.viewers == 0)

    async with plain() as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        stream.close()

    await wait_until(lambda: _has_left(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_whoever_attaches_in_time_stops_the_clock(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        run_id = await agent.latest_run_id()
        stream.close()
    await wait_until(lambda: redis.zcard(UNWATCHED_RUNS))

    async with ann.stream("GET", f"/runs/{run_id}/events"):
        await wait_until(lambda: gateway.hub.viewers == 1)

        assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_a_run_that_ended_is_not_abandoned(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        await stream.read_to_end()

    await wait_until(lambda: _has_left(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_a_client_that_closes_while_the_gateway_drains_does_not_count(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        gateway.app.state.drain.begin()
        stream.close()

    await wait_until(lambda: _has_left(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_a_gateway_that_stops_is_not_the_client(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(DRAIN_TIMEOUT_S="1")
    async with browser_at(gateway).stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)

        await asyncio.to_thread(gateway.stop)
        stream.close()

    assert await redis.zcard(UNWATCHED_RUNS) == 0
    assert agent.cancelled == []


async def test_a_stream_that_is_cancelled_does_not_count(agent: FakeAgent, redis: Redis) -> None:
    """What uvicorn does with the streams that are left when the drain time is over."""
    run_id, hub, open_streams = await agent.accept_run("usr_ann"), RunHub(redis), OpenStreams()
    relay = Relay(
        hub, open_streams, ViewerLeases(redis, RevocationSet(redis), 30), Drain(), slow_viewer_s=30
    )
    viewer = StreamViewer(
        viewer_id="vwr_1",
        identity=Identity("usr_ann", "ses_1", int(time.time()) + 60, "client-secret"),
        run_id=run_id,
        thread_id="thr_1",
        after=0,
        active=True,
        stream_format=PlainFormat(),
        is_resumable=False,
        can_reattach=False,
        started_at=0.0,
    )
    await hub.start()
    relaying = asyncio.create_task(relay.relay_run(viewer, SilentClient()))
    await wait_until(lambda: hub.viewers == 1)

    relaying.cancel()
    await asyncio.wait((relaying,))

    assert relaying.cancelled()
    assert (hub.viewers, len(open_streams)) == (0, 0)
    assert await redis.zcard(f"chat:{{{run_id}}}:viewers") == 0
    assert await redis.zcard(UNWATCHED_RUNS) == 0
    await hub.aclose()


class SilentClient:
    """A client that stays and reads."""

    async def send(self, data: bytes) -> None: ...

    async def finish(self) -> None: ...

    async def closed(self) -> None:
        await asyncio.Event().wait()

    def unsent_bytes(self) -> int:
        return 0

    def abort(self) -> None: ...


async def test_the_lease_of_a_gateway_that_was_killed_keeps_its_run(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await redis.zadd(f"chat:{{{run_id}}}:viewers", {"vwr_of_a_dead_gateway": time.time() + 60})
    agent.idempotency_keys["k"] = run_id

    async with ann.stream("POST", "", body=CREATE, Idempotency_Key="k") as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        stream.close()

    await wait_until(lambda: _has_left(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def _has_left(redis: Redis, gateway: Gateway) -> bool:
    return gateway.hub.viewers == 0 and await redis.zcard("gateway:{usr_ann}:streams") == 0


class Cancels:
    """Notes what is cancelled; fails as told."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.runs: list[tuple[str, str]] = []

    async def __call__(self, user_id: str, run_id: str) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.runs.append((user_id, run_id))
        return True


async def test_a_run_that_is_watched_again_when_it_is_due_goes_on(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(
        UNWATCHED_RUNS, {"run_1 usr_ann": time.time() - 1, "run_2 usr_ann": time.time() - 1}
    )
    await redis.zadd("chat:{run_1}:viewers", {"vwr_1": time.time() + 60})
    await redis.set("chat:{run_2}:resumable", "1")

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == []
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_what_is_not_due_is_left_alone(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(UNWATCHED_RUNS, {"run_1 usr_ann": time.time() + 60})

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == []
    assert await redis.zcard(UNWATCHED_RUNS) == 1


async def test_a_cancel_that_fails_comes_back_and_holds_up_nobody_else(redis: Redis) -> None:
    cancels = Cancels()
    cancels.errors = [UnavailableError("down"), NotFoundError("no such run")]
    due = time.time() - 1
    await redis.zadd(UNWATCHED_RUNS, {f"run_{n} usr_ann": due + n / 10 for n in (1, 2, 3)})

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == [("usr_ann", "run_3")]
    left: Any = await redis.zrange(UNWATCHED_RUNS, 0, -1, withscores=True)
    assert [member for member, _ in left] == [b"run_1 usr_ann"]
    assert left[0][1] > time.time()


async def test_two_gateways_cancel_a_run_once(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(UNWATCHED_RUNS, {"run_1 usr_ann": time.time() - 1})

    await asyncio.gather(*(AbandonedRunSweeper(redis, cancels).sweep() for _ in range(2)))

    assert cancels.runs == [("usr_ann", "run_1")]

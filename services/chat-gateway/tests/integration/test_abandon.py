"""Cancellation of abandoned runs."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway, Stream, make_viewer
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from chat_gateway.streams.abandonment import AbandonedRunSweeper
from chat_gateway.streams.open_streams import OpenStreams
from chat_gateway.streams.relay import Relay
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.bus import RunHub
from todochat.errors import NotFoundError, UnavailableError
from todochat.http.asgi import AsgiClient
from todochat.http.draining import Drain
from todochat.identity.revocation import RevocationSet
from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory

CREATE = {"type": "threads.create", "params": {}}
UNWATCHED_RUNS = "gateway:absent"


@pytest.fixture
async def short_grace_gateway(start_gateway: StartGateway) -> Gateway:
    return await start_gateway(ABANDON_GRACE_S="0.1")


async def test_run_is_cancelled_after_its_only_client_left(
    agent: FakeAgent, short_grace_gateway: Gateway, browser_at: BrowserAt
) -> None:
    async with browser_at(short_grace_gateway).stream("POST", "", body=CREATE) as stream:
        run_id = await agent.latest_run_id()
        stream.close()

    await wait_until(lambda: agent.cancelled == [(run_id, "abandoned")])


@pytest.mark.parametrize(("status", "counted"), [("queued", 1), ("running", 1), ("completed", 0)])
async def test_only_active_runs_count_as_abandoned(
    agent: FakeAgent, redis: Redis, gateway: Gateway, status: str, counted: int
) -> None:
    run_id = await agent.accept_run("usr_ann")
    agent.runs[run_id]["status"] = status
    before = count_abandoned()

    await redis.zadd(UNWATCHED_RUNS, {f"{run_id} usr_ann": time.time() - 1})

    await wait_until(lambda: has_members(redis, UNWATCHED_RUNS, 0))
    assert agent.cancelled == [(run_id, "abandoned")]
    assert count_abandoned() - before == counted


async def test_abandoned_run_is_cancelled_on_full_redis(
    agent: FakeAgent, redis: Redis, gateway: Gateway
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await redis.zadd(UNWATCHED_RUNS, {f"{run_id} usr_ann": time.time() + 0.2})

    async with out_of_memory(redis):
        await wait_until(lambda: agent.cancelled == [(run_id, "abandoned")])


def count_abandoned() -> float:
    return REGISTRY.get_sample_value("todochat_abandoned_runs_total") or 0.0


async def has_members(redis: Redis, key: str, count: int) -> bool:
    return await redis.zcard(key) == count


async def test_grace_period_starts_when_last_client_on_any_gateway_leaves(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    first_gateway, second_gateway = await start_gateway(), await start_gateway()

    # Clients that can't attach watch the same run by repeating its Idempotency-Key.
    def watch(gateway: Gateway) -> AbstractAsyncContextManager[Stream]:
        return browser_at(gateway).stream("POST", "", body=CREATE, Idempotency_Key="k")

    async with watch(first_gateway), watch(second_gateway) as last:
        run_id = await agent.latest_run_id()
        viewers = f"chat:{{{run_id}}}:viewers"
        await wait_until(lambda: has_members(redis, viewers, 2))
        async with watch(first_gateway) as first:
            # One that closes before it has its lease may leave it behind; the run then continues.
            await wait_until(lambda: has_members(redis, viewers, 3))
            first.close()
        await wait_until(lambda: first_gateway.hub.viewers == 1)
        assert await redis.zcard(UNWATCHED_RUNS) == 0

        last.close()
        await wait_until(lambda: second_gateway.hub.viewers == 0)
        assert await redis.zcard(UNWATCHED_RUNS) == 0

    await wait_until(lambda: redis.zcard(UNWATCHED_RUNS))
    due_at = await redis.zscore(UNWATCHED_RUNS, f"{run_id} usr_ann")
    assert due_at is not None
    assert time.time() < due_at <= time.time() + 30


@pytest.mark.parametrize("first", ["sends X-Resumable", "attaches"])
async def test_run_with_a_resumable_client_is_never_abandoned(
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

    await wait_until(lambda: has_no_viewers(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_attach_within_grace_period_keeps_the_run(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        run_id = await agent.latest_run_id()
        stream.close()
    await wait_until(lambda: redis.zcard(UNWATCHED_RUNS))

    async with ann.stream("GET", f"/runs/{run_id}/events"):
        await wait_until(lambda: gateway.hub.viewers == 1)

        assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_ended_run_is_not_abandoned(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        await stream.read_to_end()

    await wait_until(lambda: has_no_viewers(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_client_that_closes_during_drain_starts_no_grace_period(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        gateway.app.state.drain.begin()
        stream.close()

    await wait_until(lambda: has_no_viewers(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_stopped_gateway_starts_no_grace_period(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(DRAIN_TIMEOUT_S="1")
    async with browser_at(gateway).stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)

        await asyncio.to_thread(gateway.stop)
        stream.close()

    assert await redis.zcard(UNWATCHED_RUNS) == 0
    assert agent.cancelled == []


async def test_cancelled_stream_starts_no_grace_period(agent: FakeAgent, redis: Redis) -> None:
    """uvicorn cancels the streams that outlast the drain timeout."""
    run_id, hub, open_streams = await agent.accept_run("usr_ann"), RunHub(redis), OpenStreams()
    relay = Relay(
        hub, open_streams, ViewerLeases(redis, RevocationSet(redis), 30), Drain(), slow_viewer_s=30
    )
    viewer = make_viewer(run_id=run_id)
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


class SilentClient(AsgiClient):
    """A client that stays connected and reads."""

    def __init__(self) -> None: ...

    async def send(self, data: bytes) -> None: ...

    async def finish(self) -> None: ...

    async def wait_disconnected(self) -> None:
        await asyncio.Event().wait()

    def unsent_bytes(self) -> int:
        return 0

    def abort(self) -> None: ...


async def test_lease_of_killed_gateway_keeps_the_run(
    agent: FakeAgent, redis: Redis, gateway: Gateway, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await redis.zadd(f"chat:{{{run_id}}}:viewers", {"vwr_of_a_dead_gateway": time.time() + 60})
    agent.idempotency_keys["k"] = run_id

    async with ann.stream("POST", "", body=CREATE, Idempotency_Key="k") as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        stream.close()

    await wait_until(lambda: has_no_viewers(redis, gateway))
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def has_no_viewers(redis: Redis, gateway: Gateway) -> bool:
    return gateway.hub.viewers == 0 and await redis.zcard("gateway:{usr_ann}:streams") == 0


class Cancels:
    """Records cancelled runs; raises `errors` first."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.runs: list[tuple[str, str]] = []

    async def __call__(self, user_id: str, run_id: str) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.runs.append((user_id, run_id))
        return True


async def test_sweep_keeps_runs_that_are_watched_again_or_resumable(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(
        UNWATCHED_RUNS, {"run_1 usr_ann": time.time() - 1, "run_2 usr_ann": time.time() - 1}
    )
    await redis.zadd("chat:{run_1}:viewers", {"vwr_1": time.time() + 60})
    await redis.set("chat:{run_2}:resumable", "1")

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == []
    assert await redis.zcard(UNWATCHED_RUNS) == 0


async def test_sweep_skips_runs_that_are_not_due(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(UNWATCHED_RUNS, {"run_1 usr_ann": time.time() + 60})

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == []
    assert await redis.zcard(UNWATCHED_RUNS) == 1


async def test_failed_cancellation_is_retried_and_does_not_block_others(redis: Redis) -> None:
    cancels = Cancels()
    cancels.errors = [UnavailableError("down"), NotFoundError("no such run")]
    due = time.time() - 1
    await redis.zadd(UNWATCHED_RUNS, {f"run_{n} usr_ann": due + n / 10 for n in (1, 2, 3)})

    await AbandonedRunSweeper(redis, cancels).sweep()

    assert cancels.runs == [("usr_ann", "run_3")]
    left: Any = await redis.zrange(UNWATCHED_RUNS, 0, -1, withscores=True)
    assert [member for member, _ in left] == [b"run_1 usr_ann"]
    assert left[0][1] > time.time()


async def test_concurrent_sweeps_cancel_a_run_once(redis: Redis) -> None:
    cancels = Cancels()
    await redis.zadd(UNWATCHED_RUNS, {"run_1 usr_ann": time.time() - 1})

    await asyncio.gather(*(AbandonedRunSweeper(redis, cancels).sweep() for _ in range(2)))

    assert cancels.runs == [("usr_ann", "run_1")]

"""The bus on a Redis Cluster of three nodes; a node refuses scripts whose keys are in two slots."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bus_kit import Bus, MakeBus
from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from todochat.bus import poke, wake
from todochat.bus.erasing import erase_runs
from todochat.bus.keys import live_channel, log_key, meta_key
from todochat.bus.redis_client import create_redis
from todochat.bus.signals import WorkerChannels
from todochat.http.rate_limit import RateLimit
from todochat.testing import wait_until
from todochat.testing.servers import ValkeyCluster

# Not run_1: a node may forward a message of another test late, while its links are set up.
RUNS = [f"many_{number}" for number in range(12)]


@pytest.fixture(scope="module")
def nodes() -> Iterator[ValkeyCluster]:
    cluster = ValkeyCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
async def cluster(nodes: ValkeyCluster) -> AsyncIterator[RedisCluster]:
    """A client of the empty cluster."""
    client = create_redis(nodes.url)
    assert isinstance(client, RedisCluster)
    await client.flushall(target_nodes=RedisCluster.PRIMARIES)
    yield client
    await client.aclose()


@pytest.fixture
async def bus(cluster: RedisCluster, make_bus: MakeBus) -> Bus:
    return await make_bus(cluster)


def test_keys_of_a_run_share_a_slot_and_runs_are_distributed() -> None:
    client = RedisCluster(host="127.0.0.1")
    slots = {
        run: {client.keyslot(key(run)) for key in (log_key, meta_key, live_channel)} for run in RUNS
    }

    assert {len(of_one) for of_one in slots.values()} == {1}
    assert len(set.union(*slots.values())) == len(RUNS)


async def test_run_uses_one_slot(bus: Bus, cluster: RedisCluster) -> None:
    run = await bus.claim(attempt=1)
    viewer = bus.view()
    await run.writer.append(b'"a"')
    await wait_until(lambda: viewer.seqs == [1])
    await cluster.delete("chat:{run_1}:log")

    again = await bus.claim(attempt=2, seq_high=1)
    await again.writer.append(b'"b"')
    await again.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 20_000, 20_001]


async def test_runs_of_all_nodes_reach_the_viewers_of_one_gateway(
    cluster: RedisCluster, make_bus: MakeBus, nodes: ValkeyCluster
) -> None:
    bus = await make_bus(cluster, idle_s=60)  # so frames come only from Pub/Sub, not from the log
    viewers = [bus.view(run, active=True) for run in RUNS]
    claims = await asyncio.gather(*(bus.claim(run) for run in RUNS))
    for claim in claims:
        await claim.writer.append(b'"first"')
    await wait_until(lambda: all(viewer.seqs == [1] for viewer in viewers), 20)

    for number in range(19):
        for claim in claims:
            await claim.writer.append(b'"%d"' % number)
    for claim in claims:
        await claim.writer.end("completed")
    for viewer in viewers:
        await viewer.wait_ended()

    assert [viewer.seqs for viewer in viewers] == [list(range(1, 21))] * len(RUNS)
    assert all([int(await node.run("DBSIZE")) > 0 for node in nodes.nodes])


async def test_viewer_on_another_gateway_resumes_from_its_cursor(
    bus: Bus, cluster: RedisCluster, make_bus: MakeBus
) -> None:
    run = await bus.claim()
    for number in range(5):
        await run.writer.append(b'"%d"' % number)
    await run.writer.flush()
    other = await make_bus(cluster)

    viewer = other.view(after=3)
    await run.writer.append(b'"5"')
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [4, 5, 6]


async def test_run_continues_after_its_slot_moved(
    bus: Bus, cluster: RedisCluster, nodes: ValkeyCluster
) -> None:
    run, viewer = await bus.claim(), bus.view()
    await run.writer.append(b'"before"')
    await run.writer.flush()
    slot = cluster.keyslot("chat:{run_1}:log")
    names = [await node.run("CLUSTER", "MYID") for node in nodes.nodes]
    place = slot * len(names) // 16384
    source, target = nodes.nodes[place], names[(place + 1) % len(names)]

    await source.run("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target)

    async def has_moved() -> bool:
        try:
            return int(await source.run("EXISTS", "chat:{run_1}:log")) < 0
        except RedisError as error:
            return "MOVED" in str(error) or f"{slot} " in str(error)

    await wait_until(has_moved, 20)
    await run.writer.append(b'"after"')
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2]


@pytest.mark.slow
async def test_run_continues_on_replica_of_killed_node(make_bus: MakeBus) -> None:
    nodes = ValkeyCluster()
    try:
        await asyncio.to_thread(nodes.start)
        client = create_redis(nodes.url)
        assert isinstance(client, RedisCluster)
        place = client.keyslot("chat:{run_1}:log") * len(nodes.nodes) // 16384
        primary = nodes.nodes[place]
        replica = await nodes.add_replica(primary)
        bus = await make_bus(client, idle_s=60, retry_s=60)
        run, viewer = await bus.claim(), bus.view()
        await run.writer.append(b'"before"')
        await wait_until(lambda: viewer.seqs == [1], 20)

        async def is_copied() -> bool:
            return int(await replica.run("DBSIZE")) == 2

        await wait_until(is_copied, 20)

        assert primary.process is not None
        primary.process.kill()
        await run.writer.append(b'"after"')
        await run.writer.end("completed")
        await viewer.wait_ended()

        assert viewer.seqs == [1, 2]
        assert (await replica.run("INFO", "replication"))["role"] == "master"
        await bus.aclose()
        await client.aclose()
    finally:
        nodes.stop()


async def test_workers_receive_signals_on_any_node(
    cluster: RedisCluster,
) -> None:
    poked: list[str] = []
    async with WorkerChannels(cluster, "one") as one, WorkerChannels(cluster, "two") as two:
        two.on_control(poked.append)
        await one.wait_wake(20)  # a new connection wakes
        await two.wait_wake(20)

        await wake(cluster)
        await asyncio.wait_for(one.wait_wake(60), 20)
        await asyncio.wait_for(two.wait_wake(60), 20)

        async def is_poked() -> bool:
            await poke(cluster, "two", "run_1")
            return poked != []

        await wait_until(is_poked, 20)

    assert set(poked) == {"run_1"}


async def test_erasure_and_rate_limits_reach_every_node(bus: Bus, cluster: RedisCluster) -> None:
    for run in RUNS:
        claim = await bus.claim(run)
        await claim.writer.append(b'"a"')
        await claim.writer.flush()
    limit = RateLimit(cluster, "test", limit=1, window_s=60)

    await erase_runs(cluster, RUNS)
    taken = [await limit.take(person) for person in ("ann", "ben", "cid", "ann")]

    assert [await cluster.exists(meta_key(run)) for run in RUNS] == [0] * len(RUNS)
    assert taken[:3] == [0, 0, 0]
    assert 0 < taken[3] <= 60


async def test_logs_are_deleted_on_every_node(bus: Bus, cluster: RedisCluster) -> None:
    for run in RUNS:
        await (await bus.claim(run)).writer.end("completed")

    await bus.publisher.drop_logs(RUNS[1:])

    left = [await cluster.exists(meta_key(run)) for run in RUNS]
    assert left == [1] + [0] * (len(RUNS) - 1)


async def test_unreachable_cluster_raises_bus_unavailable() -> None:
    client = create_redis("redis+cluster://127.0.0.1:1,localhost:2")

    pipeline: Any = client.pipeline(transaction=False)
    pipeline.zscore("a", "b")

    with pytest.raises(RedisError):
        await client.ping()
    with pytest.raises(RedisError):
        await pipeline.execute()

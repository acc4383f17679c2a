"""Measures the cost of a frame on the run bus, against redis-py's bare XADD + PUBLISH and PubSub.

Run: `python tests/bench/bench_bus.py [--seconds 4] [--json]`. Both sides run in the same process,
one after the other, each several times; the figure is the median, the ratio is bus / bare, so
below 1 the bus is cheaper. Two settings:

* flat out: 50 runs publish frames as fast as they are accepted. Bare: 32 frames a pipeline.
* paced: 50 runs publish 30 frames a second each. Bare: a pipeline for each frame.

CPU is this process's (publisher and subscriber together) and the server's, for 1,000 frames.
The bare pipeline has no fence, no log expiry, no catch-up and no back-pressure.

`--nodes 3` measures each node's cost of 1,000 frames instead: paced, the bus alone, on one server
and on a cluster, with 50 runs and with 300.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import psutil
import uvloop
from redis.asyncio import Redis

from todochat.bus import Frames, RunHub, RunPublisher
from todochat.bus.redis_client import RedisClient, create_redis, create_server_client
from todochat.testing.servers import EngineProcess, ValkeyCluster, ValkeyProcess

RUNS = 50
FRAMES_A_SECOND = 30
BARE_WIDTH = 32
REPEATS = 3
EVENT = (
    b'{"type":"thread.item.updated","item_id":"msg_01jdxk5q0fh0v8cwd6p6f5v0m1","update":'
    b'{"type":"assistant_message.content_part.text_delta","content_index":0,"delta":" milk"}}'
)
FRAME = b"id: 1234\ndata: " + EVENT + b"\n\n"


class Cost(NamedTuple):
    """One measurement: frames a second, CPU-ms of 1,000 frames here and in the server."""

    frames_per_s: float
    cpu_ms: float
    server_cpu_ms: float


async def pace(count: int, publish: Callable[[int], Awaitable[object]], runs: int = RUNS) -> None:
    """Call `publish(run)` for all runs in turn, FRAMES_A_SECOND each, `count` times a run."""
    started = time.perf_counter()
    for n in range(count * runs):
        due = started + n / (FRAMES_A_SECOND * runs)
        if (delay := due - time.perf_counter()) > 0:
            await asyncio.sleep(delay)
        await publish(n % runs)


async def bus(redis: RedisClient, count: int, *, paced: bool, runs: int = RUNS) -> None:
    """Publish `count` frames in each run on the bus, and wait until every viewer has them."""
    publisher, hub = RunPublisher(redis), RunHub(redis)
    await publisher.start()
    await hub.start()
    claims = [
        await publisher.claim(f"run_{n}", 1, user_id="u", thread_id="t", seq_high=0)
        for n in range(runs)
    ]

    async def view(run: int) -> None:
        async with aclosing(hub.watch(f"run_{run}")) as events:
            async for event in events:
                if isinstance(event, Frames) and event.last_seq == count:
                    return

    async def publish_all(run: int) -> None:
        for _ in range(count):
            await claims[run].writer.append(EVENT)
        await claims[run].writer.flush()

    viewers = [asyncio.create_task(view(run)) for run in range(runs)]
    if paced:
        await pace(count, lambda run: claims[run].writer.append(EVENT), runs)
    else:
        await asyncio.gather(*(publish_all(run) for run in range(runs)))
    await asyncio.gather(*viewers)
    await publisher.aclose()
    await hub.aclose()


async def bare(redis: Redis, count: int, *, paced: bool) -> None:
    """Do the same as `bus` with redis-py alone."""
    pubsub: Any = redis.pubsub()  # redis-py's aclose() has no types
    await pubsub.subscribe(*(f"run_{n}" for n in range(RUNS)))
    for _ in range(RUNS):
        await pubsub.get_message(timeout=5)

    async def view() -> None:
        for _ in range(count * RUNS):
            await pubsub.get_message(timeout=None)

    async def publish(runs: list[int]) -> None:
        pipeline = redis.pipeline(transaction=False)
        for run in runs:
            # The awaitables are the pipeline itself; `execute` sends the commands.
            _ = pipeline.xadd(f"log_{run}", {"f": FRAME}, maxlen=1000, approximate=True)
            _ = pipeline.publish(f"run_{run}", FRAME)
        await pipeline.execute()

    viewer = asyncio.create_task(view())
    if paced:
        await pace(count, lambda run: publish([run]))
    else:
        order = [run for _ in range(count) for run in range(RUNS)]
        for start in range(0, len(order), BARE_WIDTH):
            await publish(order[start : start + BARE_WIDTH])
    await viewer
    await pubsub.aclose()


async def measure(valkey: ValkeyProcess, count: int, *, ours: bool, paced: bool) -> Cost:
    """Measure one side in one setting, on an empty server."""
    redis = create_server_client(valkey.url)
    await redis.flushall()
    assert valkey.process is not None
    server = psutil.Process(valkey.process.pid)
    server_before, cpu, wall = server.cpu_times(), time.process_time(), time.perf_counter()
    await (bus if ours else bare)(redis, count, paced=paced)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    server_after = server.cpu_times()
    server_cpu = sum(server_after[:2]) - sum(server_before[:2])
    await redis.aclose()
    frames = count * RUNS
    return Cost(frames / wall, cpu * 1e6 / frames, server_cpu * 1e6 / frames)


def median(costs: list[Cost]) -> Cost:
    """Take the median of each figure."""
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def run_bench(seconds: float) -> dict[str, dict[str, object]]:
    """Measure both sides in both settings, alternating."""
    valkey = ValkeyProcess()
    valkey.start()
    results: dict[str, dict[str, object]] = {}
    try:
        for setting, count in (("flat out", 400), ("paced", int(seconds * FRAMES_A_SECOND))):
            costs: dict[bool, list[Cost]] = {True: [], False: []}
            for _ in range(REPEATS):
                for ours in (False, True):
                    work = measure(valkey, count, ours=ours, paced=setting == "paced")
                    costs[ours].append(uvloop.run(work))
            of_bus, of_bare = median(costs[True]), median(costs[False])
            results[setting] = {
                "bus": of_bus._asdict(),
                "bare": of_bare._asdict(),
                "cpu_ratio": round(of_bus.cpu_ms / of_bare.cpu_ms, 2),
                "rate_ratio": round(of_bus.frames_per_s / of_bare.frames_per_s, 2),
            }
    finally:
        valkey.stop()
    return results


async def measure_nodes(url: str, nodes: Sequence[EngineProcess], runs: int, count: int) -> str:
    """Measure each node's cost on the bus; the servers are empty."""
    redis = create_redis(url)
    servers = [psutil.Process(node.process.pid) for node in nodes if node.process is not None]
    before, wall = [sum(server.cpu_times()[:2]) for server in servers], time.perf_counter()
    await bus(redis, count, paced=True, runs=runs)
    frames, wall = runs * count, time.perf_counter() - wall
    spent = [
        (sum(server.cpu_times()[:2]) - cpu) * 1e6 / frames
        for server, cpu in zip(servers, before, strict=True)
    ]
    await redis.aclose()
    costs = " ".join(f"{cost:5.1f}" for cost in spent)
    return f"{runs:4} runs {frames / wall:7.0f} frames/s   CPU-ms/1000 by node: {costs}"


def run_nodes_bench(nodes: int, seconds: float) -> None:
    """Print the cost on one server and on each node of a cluster."""
    for runs in (RUNS, 6 * RUNS):
        server, cluster = ValkeyProcess(), ValkeyCluster(nodes)
        try:
            server.start()
            cluster.start()
            count = int(seconds * FRAMES_A_SECOND)
            one = uvloop.run(measure_nodes(server.url, [server], runs, count))
            many = uvloop.run(measure_nodes(cluster.url, cluster.nodes, runs, count))
            sys.stdout.write(f"server  {one}\ncluster {many}\n")
        finally:
            server.stop()
            cluster.stop()


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a paced run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--nodes", type=int, default=0, help="of a cluster to measure instead")
    options = parser.parse_args()
    if options.nodes:
        run_nodes_bench(options.nodes, options.seconds)
        return
    results = run_bench(options.seconds)
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        return
    for setting, result in results.items():
        sys.stdout.write(f"{setting}\n")
        for side in ("bare", "bus"):
            cost = Cost(**result[side])  # type: ignore[arg-type]
            sys.stdout.write(
                f"  {side:5} {cost.frames_per_s:9.0f} frames/s   CPU-ms/1000: "
                f"{cost.cpu_ms:6.1f} here, {cost.server_cpu_ms:5.1f} server\n"
            )
        sys.stdout.write(
            f"  bus / bare: CPU {result['cpu_ratio']}, frames/s {result['rate_ratio']}\n"
        )


if __name__ == "__main__":
    main()

"""A node that runs as a Redis Cluster refuses scripts whose keys live in different slots."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bus_kit import MakeBus
from redis.asyncio import Redis

from todochat.engines import valkey_command
from todochat.redis_client import create_redis
from todochat.testing import free_port, wait_until
from todochat.testing.servers import EngineProcess


async def cluster_command(client: Redis, *words: str | int) -> Any:
    execute: Any = client.execute_command  # redis-py leaves it without types
    return await execute("CLUSTER", *words)


@pytest.fixture
async def cluster() -> AsyncIterator[Redis]:
    process = EngineProcess("cluster")
    command = valkey_command(process.directory, process.port, "", durable=False)
    # By default the cluster's own port is 10,000 above, which may be no port at all.
    process.spawn([*command, "--cluster-enabled", "yes", "--cluster-port", str(free_port())])
    client = create_redis(f"redis://127.0.0.1:{process.port}/0")
    await cluster_command(client, "ADDSLOTSRANGE", 0, 16383)

    async def is_up() -> bool:
        return b"cluster_state:ok" in await cluster_command(client, "INFO")

    await wait_until(is_up, 20)
    yield client
    await client.aclose()
    process.stop()


async def test_a_run_lives_in_one_slot(cluster: Redis, make_bus: MakeBus) -> None:
    bus = await make_bus(cluster)
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
    slots = {
        await cluster_command(cluster, "KEYSLOT", f"chat:{{run_1}}:{key}")
        for key in ("log", "meta", "live")
    }
    assert len(slots) == 1

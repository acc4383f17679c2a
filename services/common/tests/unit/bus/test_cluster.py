"""A node that runs as a Redis Cluster refuses scripts whose keys live in different slots."""

import pytest

from todochat.engines import valkey_command
from todochat.redis_client import create_redis
from todochat.testing import free_port, wait_until
from todochat.testing.servers import EngineProcess


@pytest.fixture
async def cluster():
    process = EngineProcess("cluster")
    command = valkey_command(process.directory, process.port, "", durable=False)
    # By default the cluster's own port is 10,000 above, which may be no port at all.
    process.spawn([*command, "--cluster-enabled", "yes", "--cluster-port", str(free_port())])
    client = create_redis(f"redis://127.0.0.1:{process.port}/0")
    await client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    async def is_up():
        return b"cluster_state:ok" in await client.execute_command("CLUSTER", "INFO")

    await wait_until(is_up, 20)
    yield client
    await client.aclose()
    process.stop()


async def test_a_run_lives_in_one_slot(cluster, make_bus):
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

    assert viewer.seqs == [1, 10_001, 10_002]
    slots = {
        await cluster.execute_command("CLUSTER", "KEYSLOT", f"chat:{{run_1}}:{key}")
        for key in ("log", "meta", "live")
    }
    assert len(slots) == 1

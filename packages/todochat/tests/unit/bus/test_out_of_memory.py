"""The bus on a Redis that has reached `maxmemory`."""

import pytest
from bus_kit import Bus, MakeBus
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from todochat.bus import BusFullError, register
from todochat.bus.scripts import APPEND, CLAIM, REGISTER, Script
from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory


@pytest.mark.parametrize("script", [REGISTER, CLAIM, APPEND], ids=["register", "claim", "append"])
async def test_no_script_writes_past_the_limit(redis: Redis, script: Script) -> None:
    async with out_of_memory(redis):
        with pytest.raises(OutOfMemoryError):
            await redis.eval(script.source, 3, "{r}meta", "{r}log", "{r}live", *("1" * 8))

    assert await redis.dbsize() == 0


async def test_registration_raises_bus_full(redis: Redis) -> None:
    async with out_of_memory(redis):
        with pytest.raises(BusFullError):
            await register(redis, "run_1", user_id="usr_1", thread_id="thr_1")


async def test_claims_and_frames_wait_for_memory_until_timeout(make_bus: MakeBus) -> None:
    bus = await make_bus(full_s=0.3, retry_s=60.0)
    run = await bus.claim("run_1")

    async with out_of_memory(bus.redis):
        await run.writer.append(b"{}")
        with pytest.raises(BusFullError):
            await run.writer.flush()
        with pytest.raises(BusFullError):
            await bus.claim("run_2")

    assert run.writer.sent_seq == 0


async def test_end_marker_is_written_without_memory(bus: Bus) -> None:
    run = await bus.claim()
    viewer = bus.view()
    await run.writer.append(b"{}")
    await run.writer.flush()

    async with out_of_memory(bus.redis):
        await run.writer.end("completed")
        await viewer.wait_ended()

    assert viewer.ended == "completed"
    assert viewer.seqs == [1]


async def test_closing_claim_publishes_a_snapshot_marker(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(full_s=0.1)
    run = await bus.claim()
    viewer = bus.view()
    await run.writer.append(b'"seen"')
    await wait_until(lambda: viewer.seqs == [1])

    async with out_of_memory(bus.redis):
        await run.writer.append(b'"lost"')
        with pytest.raises(BusFullError):
            await run.writer.flush()
        last = await bus.publisher.claim(
            "run_1",
            1,
            user_id="usr_1",
            thread_id="thr_1",
            seq_high=run.writer.seq,
            when_full=True,
        )
        await last.writer.append(b'"why"')
        await last.writer.end("failed")
        await viewer.wait_ended()

    assert viewer.jumps == [10_002]
    assert viewer.texts[-1] == b'"why"'
    assert viewer.ended == "failed"

"""Recovery of runs and viewers after broken connections and lost data."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest
from bus_kit import Bus, MakeBus
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from todochat.bus import (
    BusUnavailableError,
    Idle,
    RunHub,
    RunLogExpiredError,
    RunUnclaimedError,
    RunWriter,
)
from todochat.bus.frames import encode_frame, encode_snapshot, parse_frames
from todochat.bus.redis_client import create_server_client
from todochat.bus.reply_reader import Command
from todochat.testing import wait_until
from todochat.testing.servers import ValkeyProcess


async def say(writer: RunWriter, count: int) -> None:
    for _ in range(count):
        await writer.append(b"{}")
    await writer.flush()


async def test_publisher_survives_dropped_connections(bus: Bus) -> None:
    run = await bus.claim()
    cutting = True

    async def cut() -> None:
        while cutting:
            await bus.cut("normal")
            await asyncio.sleep(0.003)

    knife = asyncio.create_task(cut())
    for n in range(300):
        await run.writer.append(b"%d" % n)
        await asyncio.sleep(0.001)
    cutting = False
    await knife
    await run.writer.end("completed")

    frames = parse_frames(b"".join(await bus.log()))
    assert [frame.seq for frame in frames] == list(range(1, 302))
    assert [frame.data for frame in frames[:-1]] == [b"%d" % n for n in range(300)]


async def test_resent_entries_stay_within_batch_limits(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(batch_bytes=1000)
    runs = [await bus.claim(f"run_{n}") for n in range(3)]
    await bus.cut("normal")

    for run in runs:
        await run.writer.append(b"x" * 400)
    for run in runs:
        await run.writer.end("completed")

    for n in range(3):
        frames = parse_frames(b"".join(await bus.log(f"run_{n}")))
        assert [frame.seq for frame in frames] == [1, 2]


def lose_first_reply(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """Make Redis execute the next call and lose its replies; return the lost ones."""
    connection: Any = bus.publisher._connection
    exchange: Callable[[Sequence[Command]], Awaitable[list[Any]]] = connection._exchange
    lost: list[list[bytes]] = []

    async def lose_the_first_reply(commands: Sequence[Command]) -> list[Any]:
        replies = await exchange(commands)
        if not lost:
            lost.append(replies)
            raise RedisConnectionError
        return replies

    monkeypatch.setattr(connection, "_exchange", lose_the_first_reply)
    return lost


async def test_append_with_lost_reply_is_written_once(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await bus.claim()
    lost = lose_first_reply(bus, monkeypatch)
    viewer = bus.view()
    await run.writer.append(b'"a"')
    await run.writer.append(b'"b"')
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert lost == [[b"OK"]]
    assert viewer.texts == [b'"a"', b'"b"']
    frames = parse_frames(b"".join(await bus.log()))
    assert [frame.seq for frame in frames] == [1, 2, 3]


async def test_claim_with_lost_reply_is_made_once(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await bus.claim(attempt=1)
    await say(first.writer, 2)
    await forget(bus.redis, down_to=1)
    lost = lose_first_reply(bus, monkeypatch)
    takeover = await bus.claim(attempt=2, seq_high=2)

    assert len(lost) == 1
    assert takeover.lost_log is True
    assert takeover.writer.seq == 20_000
    assert await bus.log() == [encode_snapshot(20_000)]


async def test_repeated_claim_recognizes_itself(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = lose_first_reply(bus, monkeypatch)
    claimed = await bus.claim(attempt=1)

    assert len(lost) == 1
    assert claimed.was_known is False


async def test_old_attempt_after_flush_leaves_no_log_to_resume(
    bus: Bus,
) -> None:
    """The worker was suspended before its claim; frames of a later attempt are lost."""
    await bus.claim(attempt=1)
    later = await bus.claim(attempt=2)
    await say(later.writer, 3)
    await bus.redis.flushall()
    asleep = await bus.claim(attempt=1)

    takeover = await bus.claim(attempt=3)

    assert (asleep.was_known, takeover.was_known) == (False, True)
    assert takeover.lost_log is True
    assert takeover.writer.seq == 30_000


async def test_later_attempt_jumps_beyond_earlier_jumps(bus: Bus) -> None:
    await bus.claim(attempt=1)
    await bus.redis.flushall()
    second = await bus.claim(attempt=2)
    await say(second.writer, 1)
    await bus.redis.flushall()

    third = await bus.claim(attempt=3, seq_high=0)

    assert third.writer.seq > second.writer.seq


async def test_hub_survives_dropped_connections(bus: Bus) -> None:
    run = await bus.claim()
    viewers = [bus.view(), bus.view()]
    await wait_until(lambda: bus.hub.viewers == 2)

    for n in range(200):
        await run.writer.append(b"%d" % n)
        if n % 20 == 10:
            await run.writer.flush()
            await bus.cut("pubsub")
    await run.writer.end("completed")
    for viewer in viewers:
        await viewer.wait_ended()

    assert all(viewer.seqs == list(range(1, 201)) for viewer in viewers)


async def test_frames_missed_by_a_disconnected_hub_arrive_after_reconnect(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(idle_s=60)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])
    channel = bus.hub._channels[b"chat:{run_1}:live"]

    await bus.cut("pubsub")
    await wait_until(lambda: not channel.confirmed, interval_s=0.001)
    await say(run.writer, 1)

    await wait_until(lambda: viewer.seqs == [1, 2])


async def test_evicted_script_is_sent_again(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 1)

    await bus.redis.script_flush()
    await say(run.writer, 1)
    await bus.redis.script_flush()
    again = await bus.claim(attempt=2)

    assert run.writer.sent_seq == 2
    assert len(again.frames) == 2


async def test_same_attempt_reclaims_after_flush_and_viewers_see_a_jump(bus: Bus) -> None:
    run = await bus.claim(attempt=1)
    viewer = bus.view()
    await say(run.writer, 3)
    await wait_until(lambda: viewer.seqs == [1, 2, 3])
    await bus.redis.flushall()

    await run.writer.append(b'"into the void"')
    with pytest.raises(RunUnclaimedError):
        await run.writer.flush()
    again = await bus.claim(attempt=1)
    await again.writer.append(b'"again"')
    await again.writer.end("completed")
    await viewer.wait_ended()
    late = bus.view()
    await late.wait_ended()

    assert (again.lost_log, again.frames) == (True, [])
    assert viewer.seqs == [1, 2, 3, 10_003, 10_004]
    assert viewer.jumps == [10_003]
    assert viewer.texts[-1] == b'"again"'
    assert late.seqs == [10_003, 10_004]
    assert (await bus.log())[0] == encode_snapshot(10_003)


async def flush(redis: Redis) -> None:
    await redis.flushall()


async def restart(redis: Redis) -> None:
    """Mark the run as written by another process of the server."""
    await redis.hset("chat:{run_1}:meta", "server", "another process")


@pytest.mark.parametrize(
    ("lose_log", "seq_high", "next_seq"),
    [(flush, 2, 20_001), (restart, 2, 20_001), (flush, 0, 20_001)],
    ids=["saved seq after a flush", "restarted server", "no saved seq and no meta"],
)
async def test_other_worker_resumes_beyond_the_frames_that_may_be_lost(
    make_bus: MakeBus,
    lose_log: Callable[[Redis], Awaitable[None]],
    seq_high: int,
    next_seq: int,
) -> None:
    first, second = await make_bus(), await make_bus()
    run = await first.claim(attempt=1)
    await say(run.writer, 3)
    await lose_log(first.redis)

    takeover = await second.claim(attempt=2, seq_high=seq_high)

    assert takeover.lost_log is True
    assert await takeover.writer.append(b"{}") == next_seq


async def test_first_attempt_without_meta_starts_at_one(bus: Bus) -> None:
    run = await bus.claim(attempt=1)

    assert run.lost_log is False
    assert await run.writer.append(b"{}") == 1


async def test_truncated_log_is_replaced(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    run = await first.claim(attempt=1)
    await say(run.writer, 5)
    await forget(first.redis, down_to=2)

    takeover = await second.claim(attempt=2, seq_high=5)

    assert takeover.lost_log is True
    assert await first.log() == [encode_snapshot(20_000)]


async def forget(redis: Redis, *, down_to: int) -> None:
    """Truncate the log, as a crash that lost the newest appends does."""
    await redis.delete("chat:{run_1}:log")
    for n in range(1, down_to + 1):
        await redis.xadd("chat:{run_1}:log", {"f": encode_frame(n, b"{}")}, id=f"{n}-0")
    await redis.hset("chat:{run_1}:meta", "seq", str(down_to))


async def test_writer_detects_truncated_log(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 5)
    await forget(bus.redis, down_to=2)

    await run.writer.append(b"{}")

    with pytest.raises(RunUnclaimedError):
        await run.writer.flush()
    assert len(await bus.log()) == 2


async def test_writer_detects_lost_log(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 5)
    await bus.redis.delete("chat:{run_1}:log")

    await run.writer.append(b"{}")

    with pytest.raises(RunUnclaimedError):
        await run.writer.flush()
    assert await bus.log() == []


async def test_writer_detects_lost_claim(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    await first.claim(attempt=1)
    run = await second.claim(attempt=2)
    await first.redis.hset("chat:{run_1}:meta", "attempt", "1")

    await run.writer.append(b"{}")

    with pytest.raises(RunUnclaimedError):
        await run.writer.flush()


async def test_lost_log_of_ended_run_is_rewritten(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    run = await first.claim(attempt=1)
    await run.writer.append(b"{}")
    await run.writer.end("completed")
    await first.redis.delete("chat:{run_1}:log")

    takeover = await second.claim(attempt=2, seq_high=2)
    await takeover.writer.end("completed")

    assert (takeover.lost_log, takeover.ended) == (True, None)
    assert (await second.meta())["status"] == "completed"


async def test_viewer_of_flushed_run_waits_for_a_new_claim_with_a_limit(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(lost_log_s=0.3)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])

    await bus.redis.flushall()

    with pytest.raises(RunLogExpiredError) as expired:
        await viewer.wait_ended()
    assert Idle() in viewer.events
    assert expired.value.extensions["run_id"] == "run_1"


@pytest.fixture
def valkey() -> Iterator[ValkeyProcess]:
    process = ValkeyProcess(durable=True)
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def own_redis(valkey: ValkeyProcess) -> AsyncIterator[Redis]:
    client = create_server_client(valkey.url)
    yield client
    await client.aclose()


def process_of(valkey: ValkeyProcess) -> subprocess.Popen[bytes]:
    assert valkey.process is not None
    return valkey.process


def kill(valkey: ValkeyProcess) -> None:
    process_of(valkey).kill()
    process_of(valkey).wait(10)


async def test_writer_and_viewers_recover_from_a_killed_redis(
    valkey: ValkeyProcess, own_redis: Redis, make_bus: MakeBus
) -> None:
    bus = await make_bus(own_redis)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 3)
    await wait_until(lambda: viewer.seqs == [1, 2, 3])

    # Data not on disk yet is lost; the next test covers that.
    assert await own_redis.waitaof(1, 0, 10_000) == [1, 0]
    kill(valkey)
    for n in range(5):
        await run.writer.append(b"%d" % n)
    await wait_until(lambda: Idle() in viewer.events)
    valkey.start()
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == list(range(1, 9))
    assert viewer.jumps == []


async def test_new_claim_recovers_from_an_empty_redis(
    valkey: ValkeyProcess, own_redis: Redis, make_bus: MakeBus
) -> None:
    bus = await make_bus(own_redis)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 3)
    await wait_until(lambda: viewer.seqs == [1, 2, 3])

    kill(valkey)
    for path in (valkey.directory / "appendonlydir").iterdir():
        path.unlink()
    valkey.start()
    await run.writer.append(b"{}")
    with pytest.raises(RunUnclaimedError):
        await run.writer.flush()
    again = await bus.claim()
    await say(again.writer, 1)
    await again.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2, 3, 10_003, 10_004]
    assert viewer.jumps == [10_003]


async def test_lasting_outage_raises_bus_unavailable(
    valkey: ValkeyProcess, own_redis: Redis, make_bus: MakeBus
) -> None:
    bus = await make_bus(own_redis, retry_s=0.3, outage_s=0.3)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])

    kill(valkey)
    await run.writer.append(b"{}")

    with pytest.raises(BusUnavailableError):
        await run.writer.flush()
    with pytest.raises(BusUnavailableError):
        await bus.claim(attempt=2)
    with pytest.raises(BusUnavailableError):
        await viewer.wait_ended()
    assert run.writer.sent_seq == 1


async def test_wait_for_a_hanging_redis_is_bounded(
    valkey: ValkeyProcess, own_redis: Redis, make_bus: MakeBus
) -> None:
    bus = await make_bus(own_redis, call_timeout_s=0.3)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 2)
    await wait_until(lambda: viewer.seqs == [1, 2])

    os.kill(process_of(valkey).pid, signal.SIGSTOP)
    await run.writer.append(b'"while it hangs"')
    await wait_until(lambda: viewer.events.count(Idle()) >= 3)
    with pytest.raises(BusUnavailableError):
        await bus.hub.meta("run_1")
    os.kill(process_of(valkey).pid, signal.SIGCONT)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2, 3]
    assert len(parse_frames(b"".join(await bus.log()))) == 4


@pytest.mark.parametrize(
    "setting", ["maxmemory", "min-replicas-to-write"], ids=["no memory", "no replica"]
)
async def test_writes_are_retried_while_redis_refuses_all(bus: Bus, setting: str) -> None:
    run = await bus.claim()
    await say(run.writer, 1)
    await bus.redis.config_set(setting, 1)
    try:
        await run.writer.append(b"{}")
        await wait_until(lambda: run.writer._queue.failing_since is not None)
    finally:
        await bus.redis.config_set(setting, 0)

    await run.writer.flush()

    assert run.writer.sent_seq == 2


async def test_silently_dead_connection_is_detected(
    valkey: ValkeyProcess, own_redis: Redis, make_bus: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todochat.bus.subscriber.PING_EVERY_S", 0.05)
    monkeypatch.setattr("todochat.bus.subscriber.SILENCE_S", 0.2)
    monkeypatch.setattr("todochat.bus.subscriber.CONNECT_TIMEOUT_S", 0.3)
    bus = await make_bus(own_redis)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])
    channel = bus.hub._channels[b"chat:{run_1}:live"]

    os.kill(process_of(valkey).pid, signal.SIGSTOP)
    await wait_until(lambda: not channel.confirmed)
    os.kill(process_of(valkey).pid, signal.SIGCONT)
    await say(run.writer, 1)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2]


async def test_idle_connection_stays_open(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    monkeypatch.setattr("todochat.bus.subscriber.PING_EVERY_S", 0.02)
    quiet = RunHub(redis)
    await quiet.start()
    heard: list[bytes] = []
    quiet.listen("news", heard.append)
    await wait_until(lambda: redis.publish("news", b"first"))
    connections = {client["id"] for client in await redis.client_list(_type="pubsub")}
    await wait_until(lambda: has_pinged(redis, connections))

    await redis.publish("news", b"second")
    await wait_until(lambda: b"second" in heard)

    assert {c["id"] for c in await redis.client_list(_type="pubsub")} == connections
    await quiet.aclose()


async def has_pinged(redis: Redis, connections: set[str]) -> bool:
    clients = await redis.client_list(_type="pubsub")
    return any(client["cmd"] == "ping" for client in clients if client["id"] in connections)

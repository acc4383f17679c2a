"""Claiming and writing runs."""

import asyncio

import pytest
from bus_kit import Bus, MakeBus
from redis.asyncio import Redis

from todochat.bus import BusUnavailableError, RunLogFullError, RunLostError, RunPublisher, register
from todochat.bus.frames import encode_end, encode_frame, parse_frames
from todochat.testing import wait_until


async def test_frames_are_logged_with_seq_from_one(bus: Bus) -> None:
    run = await bus.claim()

    given = [await run.writer.append(b'{"n":%d}' % n) for n in range(3)]
    await run.writer.flush()

    assert given == [1, 2, 3]
    assert b"".join(await bus.log()) == b"".join(
        encode_frame(n + 1, b'{"n":%d}' % n) for n in range(3)
    )
    assert run.writer.seq == run.writer.sent_seq == 3


async def test_log_entry_id_is_its_last_seq(bus: Bus) -> None:
    run = await bus.claim()

    for _ in range(3):
        await run.writer.append(b"{}")
    await run.writer.flush()

    ids = [entry_id for entry_id, _ in await bus.redis.xrange("chat:{run_1}:log") or ()]
    assert ids == [b"3-0"]


async def test_accepted_run_is_queued_until_claimed(bus: Bus) -> None:
    await register(bus.redis, "run_1", user_id="usr_1", thread_id="thr_1")
    queued = await bus.hub.meta("run_1")

    run = await bus.claim(attempt=1)

    running = await bus.hub.meta("run_1")
    assert queued is not None
    assert running is not None
    assert (queued.user_id, queued.thread_id, queued.attempt, queued.status) == (
        "usr_1",
        "thr_1",
        0,
        "queued",
    )
    assert (running.attempt, running.status) == (1, "running")
    assert (run.frames, run.lost_log, run.ended, run.writer.attempt) == ([], False, None, 1)


async def test_late_registration_keeps_a_claimed_run(bus: Bus) -> None:
    run = await bus.claim()
    await run.writer.append(b"{}")
    await run.writer.flush()

    await register(bus.redis, "run_1", user_id="usr_1", thread_id="thr_1")

    meta = await bus.hub.meta("run_1")
    assert meta is not None
    assert meta.attempt == 1
    await run.writer.append(b"{}")
    await run.writer.flush()


async def test_next_attempt_reads_the_log_and_continues(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    run = await first.claim(attempt=1)
    await run.writer.append(b'"a"')
    await run.writer.append(b'"b"')
    await run.writer.flush()

    takeover = await second.claim(attempt=2, seq_high=1)

    assert [(frame.seq, frame.data) for frame in takeover.frames] == [(1, b'"a"'), (2, b'"b"')]
    assert takeover.lost_log is False
    assert await takeover.writer.append(b'"c"') == 3


async def test_lower_attempt_cannot_append_after_takeover(make_bus: MakeBus) -> None:
    zombies, heirs = await make_bus(), await make_bus()
    zombie = await zombies.claim(attempt=1)
    await zombie.writer.append(b'"old"')
    await zombie.writer.flush()
    heir = await heirs.claim(attempt=2, seq_high=1)

    await zombie.writer.append(b'"zombie"')
    with pytest.raises(RunLostError) as lost:
        await zombie.writer.flush()

    assert not isinstance(lost.value, Exception)
    with pytest.raises(RunLostError):
        await zombie.writer.append(b"{}")
    with pytest.raises(RunLostError):
        await zombie.writer.end("failed")
    await heir.writer.append(b'"new"')
    await heir.writer.end("completed")
    texts = [frame.data for frame in parse_frames(b"".join(await heirs.log()))]
    assert texts == [b'"old"', b'"new"', None]


async def test_lower_attempt_cannot_claim(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    await second.claim(attempt=2)

    with pytest.raises(RunLostError):
        await first.claim(attempt=1)

    assert (await second.meta())["attempt"] == "2"


async def test_lower_claim_keeps_the_writer_of_the_same_process(bus: Bus) -> None:
    run = await bus.claim(attempt=2)

    with pytest.raises(RunLostError):
        await bus.claim(attempt=1)

    await run.writer.append(b"{}")
    await run.writer.flush()


async def test_second_claim_of_an_attempt_closes_the_earlier_writer(bus: Bus) -> None:
    earlier = await bus.claim(attempt=1)
    await earlier.writer.append(b'"said"')
    await earlier.writer.flush()
    await earlier.writer.append(b'"dropped"')

    again = await bus.claim(attempt=1)

    with pytest.raises(RunLostError):
        await earlier.writer.append(b"{}")
    await again.writer.append(b'"next"')
    await again.writer.flush()
    texts = [frame.data for frame in parse_frames(b"".join(await bus.log()))]
    assert texts == [b'"said"', b'"next"']


async def test_earlier_writer_is_closed_before_redis_responds(bus: Bus) -> None:
    earlier = await bus.claim(attempt=1)
    await bus.redis.client_pause(100)

    claiming = asyncio.create_task(bus.claim(attempt=2))
    await asyncio.sleep(0)

    with pytest.raises(RunLostError):
        await earlier.writer.append(b"{}")
    assert not claiming.done()
    await claiming


async def test_nonce_fences_another_claim_of_the_same_attempt(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    earlier = await first.claim(attempt=1)
    await second.claim(attempt=1)

    await earlier.writer.append(b"{}")

    with pytest.raises(RunLostError):
        await earlier.writer.flush()
    assert await first.log() == []


async def test_end_marker_takes_next_seq_and_sets_expiry(bus: Bus) -> None:
    run = await bus.claim()
    await run.writer.append(b"{}")
    live_ttl = await bus.redis.ttl("chat:{run_1}:meta")

    await run.writer.end("completed")

    assert (await bus.log())[-1] == encode_end(2, "completed")
    assert (await bus.meta())["status"] == "completed"
    assert run.writer.ended == "completed"
    assert bus.limits.ended_ttl_s < live_ttl <= bus.limits.live_ttl_s
    for key in ("log", "meta"):
        ttl = await bus.redis.ttl(f"chat:{{run_1}}:{key}")
        assert 0 < ttl <= bus.limits.ended_ttl_s


async def test_append_refreshes_the_expiry(bus: Bus) -> None:
    run = await bus.claim()
    await run.writer.append(b"{}")
    await run.writer.flush()
    for key in ("log", "meta"):
        await bus.redis.expire(f"chat:{{run_1}}:{key}", 10)

    await run.writer.append(b"{}")
    await run.writer.flush()

    for key in ("log", "meta"):
        assert await bus.redis.ttl(f"chat:{{run_1}}:{key}") > 10


async def test_run_ends_once(bus: Bus) -> None:
    run = await bus.claim()
    await run.writer.end("cancelled")

    await run.writer.end("failed")
    with pytest.raises(RuntimeError, match="has ended"):
        await run.writer.append(b"{}")

    assert await bus.log() == [encode_end(1, "cancelled")]


async def test_claim_of_ended_run_returns_its_status(make_bus: MakeBus) -> None:
    first, second = await make_bus(), await make_bus()
    run = await first.claim(attempt=1)
    await run.writer.append(b"{}")
    await run.writer.end("completed")

    takeover = await second.claim(attempt=2, seq_high=1)

    assert takeover.ended == "completed"
    assert takeover.lost_log is False
    assert len(takeover.frames) == 1
    await takeover.writer.end("failed")
    assert (await second.meta())["status"] == "completed"
    assert await second.redis.ttl("chat:{run_1}:log") <= second.limits.ended_ttl_s


async def test_full_log_rejects_an_event_and_accepts_closing_frames(make_bus: MakeBus) -> None:
    bus = await make_bus(max_frames=10, closing_frames=2)
    run = await bus.claim()
    for _ in range(10):
        await run.writer.append(b"{}")

    with pytest.raises(RunLogFullError):
        await run.writer.append(b'"one too many"')

    assert await run.writer.append(b'"error"') == 11
    await run.writer.append(b'"why"')
    with pytest.raises(RunLogFullError):
        await run.writer.append(b'"more"')
    await run.writer.end("failed")
    assert (await bus.log())[-1] == encode_end(13, "failed")


async def test_log_is_limited_by_bytes(make_bus: MakeBus) -> None:
    frame = len(encode_frame(1, b"x" * 100))
    bus = await make_bus(max_bytes=2 * frame, closing_bytes=frame)
    run = await bus.claim()
    await run.writer.append(b"x" * 100)
    await run.writer.append(b"x" * 100)

    with pytest.raises(RunLogFullError):
        await run.writer.append(b"x")

    await run.writer.append(b"x" * 100)


async def test_takeover_counts_the_log_towards_the_limit(make_bus: MakeBus) -> None:
    first, second = await make_bus(max_frames=3), await make_bus(max_frames=3)
    run = await first.claim(attempt=1)
    await run.writer.append(b"{}")
    await run.writer.append(b"{}")
    await run.writer.flush()

    takeover = await second.claim(attempt=2, seq_high=2)

    await takeover.writer.append(b"{}")
    with pytest.raises(RunLogFullError):
        await takeover.writer.append(b"{}")


async def test_producer_waits_while_the_queue_is_full(make_bus: MakeBus) -> None:
    bus = await make_bus(max_unsent_frames=10)
    run = await bus.claim()
    await bus.redis.client_pause(300)
    produced = []

    async def produce() -> None:
        for n in range(30):
            seq = await run.writer.append(b"%d" % n)
            produced.append(seq)

    producer = asyncio.create_task(produce())
    await wait_until(lambda: len(produced) == 10)
    for _ in range(20):
        await asyncio.sleep(0)
    waiting_at = len(produced)
    await producer
    await run.writer.flush()

    assert waiting_at == 10
    assert [f.data for f in parse_frames(b"".join(await bus.log()))] == [
        b"%d" % n for n in range(30)
    ]


async def test_waiting_producers_get_run_lost_error(make_bus: MakeBus) -> None:
    zombies, heirs = await make_bus(max_unsent_frames=2), await make_bus()
    zombie = await zombies.claim(attempt=1)
    await heirs.claim(attempt=2)

    async def produce() -> None:
        while True:
            await zombie.writer.append(b"{}")

    with pytest.raises(RunLostError):
        await produce()


async def test_batch_is_bounded_and_large_frames_are_sent_alone(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(batch_bytes=1000)
    runs = [await bus.claim(f"run_{n}") for n in range(3)]
    for run in runs:
        await run.writer.append(b"a" * 400)
        await run.writer.append(b"b" * 400)
        await run.writer.append(b"c" * 5000)
        await run.writer.append(b"d")

    for run in runs:
        await run.writer.flush()

    for n in range(3):
        entries = await bus.log(f"run_{n}")
        assert max(len(parse_frames(entry)) for entry in entries) <= 2
        texts = [(f.data or b"")[:1] for f in parse_frames(b"".join(entries))]
        assert texts == [b"a", b"b", b"c", b"d"]


async def test_many_runs_share_the_flush_task(bus: Bus) -> None:
    runs = [await bus.claim(f"run_{n}") for n in range(50)]

    for round_ in range(20):
        for run in runs:
            await run.writer.append(b"%d" % round_)
    await asyncio.gather(*(run.writer.end("completed") for run in runs))

    for n in range(50):
        frames = parse_frames(b"".join(await bus.log(f"run_{n}")))
        assert [frame.seq for frame in frames] == list(range(1, 22))
        assert frames[-1].end == "completed"


async def test_closed_publisher_fails_its_writers(bus: Bus) -> None:
    run = await bus.claim()
    await bus.redis.client_pause(200)
    await run.writer.append(b"{}")

    await bus.publisher.aclose()

    with pytest.raises(BusUnavailableError, match="stopped"):
        await run.writer.flush()


async def test_claim_requires_a_started_publisher(redis: Redis) -> None:
    publisher = RunPublisher(redis)

    with pytest.raises(RuntimeError, match="not started"):
        await publisher.claim("run_1", 1, user_id="u", thread_id="t", seq_high=0)

    await publisher.aclose()


async def test_error_of_one_run_does_not_delay_others(bus: Bus) -> None:
    broken, fine = await bus.claim("run_1"), await bus.claim("run_2")
    await bus.redis.set("chat:{run_1}:log", "not a stream")

    await broken.writer.append(b"{}")
    await fine.writer.append(b"{}")
    await fine.writer.flush()

    with pytest.raises(BusUnavailableError):
        await broken.writer.flush()


async def test_refused_claim_raises_bus_unavailable(bus: Bus) -> None:
    await bus.redis.set("chat:{run_1}:meta", "not a hash")

    with pytest.raises(BusUnavailableError):
        await bus.claim()


async def test_run_may_consist_of_its_end_only(bus: Bus) -> None:
    run = await bus.claim()

    await run.writer.end("cancelled")

    assert await bus.log() == [encode_end(1, "cancelled")]


async def test_cancelled_producer_leaves_the_run_intact(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(max_unsent_frames=1)
    run = await bus.claim()
    await bus.redis.client_pause(200)
    await run.writer.append(b'"a"')
    waiting = asyncio.create_task(run.writer.append(b'"b"'))
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait([waiting])
    await run.writer.append(b'"c"')
    await run.writer.end("completed")

    texts = [frame.data for frame in parse_frames(b"".join(await bus.log()))]
    assert texts == [b'"a"', b'"c"', None]

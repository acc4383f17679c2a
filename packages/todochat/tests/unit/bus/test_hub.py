"""Watching runs: each viewer gets each frame once, in order."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest
from bus_kit import Bus, MakeBus
from redis.asyncio import Redis

from todochat.bus import (
    BusUnavailableError,
    Ended,
    Frames,
    Idle,
    RunHub,
    RunLogExpiredError,
    RunWriter,
    WatchEvent,
    register,
)
from todochat.bus.frames import encode_frame
from todochat.bus.redis_client import create_redis
from todochat.testing import free_port, wait_until


async def say(writer: RunWriter, count: int, size: int = 1) -> None:
    for _ in range(count):
        await writer.append(b"x" * size)
    await writer.flush()


def last_seq_of(event: WatchEvent) -> int:
    assert isinstance(event, Frames)
    return event.last_seq


async def test_viewer_gets_live_frames_and_the_end(bus: Bus) -> None:
    run = await bus.claim()
    viewer = bus.view()
    await wait_until(lambda: bus.hub.viewers == 1)

    await run.writer.append(b'"first"')
    await wait_until(lambda: viewer.texts == [b'"first"'])
    await run.writer.append(b'"second"')
    await wait_until(lambda: viewer.texts == [b'"first"', b'"second"'])
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2]
    assert viewer.ended == "completed"
    assert bus.hub.viewers == 0


async def test_late_viewer_gets_the_whole_run(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 5)
    await run.writer.end("failed")

    viewer = bus.view()
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2, 3, 4, 5]
    assert viewer.ended == "failed"


async def test_viewer_that_attaches_midway_gets_the_log_then_live_frames(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 3)
    viewer = bus.view()
    await wait_until(lambda: len(viewer.seqs) == 3)

    await say(run.writer, 2)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2, 3, 4, 5]


async def test_cursor_within_a_log_entry_is_resumed(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 5)
    await run.writer.end("completed")
    assert len(await bus.log()) == 2

    viewers = [bus.view(after=after) for after in range(6)]
    await asyncio.gather(*(viewer.wait_ended() for viewer in viewers))

    assert [viewer.seqs for viewer in viewers] == [list(range(n + 1, 6)) for n in range(6)]


async def test_viewer_before_the_claim_sees_the_run_start(bus: Bus) -> None:
    await register(bus.redis, "run_1", user_id="usr_1", thread_id="thr_1")
    viewer = bus.view()
    await wait_until(lambda: Idle() in viewer.events)

    run = await bus.claim()
    await say(run.writer, 1)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1]


async def test_viewers_on_several_gateways_see_the_same_frames(make_bus: MakeBus) -> None:
    bus, other = await make_bus(), await make_bus()
    run = await bus.claim()
    viewers = [bus.view(), bus.view(), other.view(), other.view(after=2)]
    await wait_until(lambda: bus.hub.viewers == 2 and other.hub.viewers == 2)

    await say(run.writer, 30)
    await run.writer.end("completed")
    await asyncio.gather(*(viewer.wait_ended() for viewer in viewers))

    everything = list(range(1, 31))
    assert [v.seqs for v in viewers] == [everything, everything, everything, everything[2:]]


async def test_cursor_beyond_the_end_gets_only_the_end(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 3)
    viewer, absurd = bus.view(after=5), bus.view(after=10**30)
    await wait_until(lambda: Idle() in viewer.events and Idle() in absurd.events)

    await say(run.writer, 4)
    await run.writer.end("completed")
    await viewer.wait_ended()
    await absurd.wait_ended()

    assert viewer.seqs == [6, 7]
    assert absurd.seqs == []
    assert absurd.ended == "completed"


@pytest.mark.parametrize("after", [3, 4, 1000])
async def test_viewer_with_all_frames_of_ended_run_gets_the_end(bus: Bus, after: int) -> None:
    run = await bus.claim()
    await say(run.writer, 3)
    await run.writer.end("completed")

    viewer = bus.view(after=after)
    await viewer.wait_ended()

    assert viewer.events == [Ended("completed", b"id: 4\n: end completed\n\n")]


async def test_negative_cursor_is_rejected(bus: Bus) -> None:
    with pytest.raises(ValueError, match="negative"):
        await anext(bus.hub.watch("run_1", -1))


async def test_unknown_run_is_expired_at_once(bus: Bus) -> None:
    with pytest.raises(RunLogExpiredError) as expired:
        await anext(bus.hub.watch("run_1"))

    assert (expired.value.status, expired.value.code) == (410, "run-log-expired")
    assert expired.value.extensions["thread_id"] is None
    assert bus.hub.viewers == 0


async def test_expired_log_of_ended_run_names_the_thread(bus: Bus) -> None:
    run = await bus.claim()
    await run.writer.end("completed")
    await bus.redis.delete("chat:{run_1}:log")

    with pytest.raises(RunLogExpiredError) as expired:
        await anext(bus.hub.watch("run_1"))

    assert expired.value.extensions["thread_id"] == "thr_1"


async def test_active_run_without_keys_is_waited_for(make_bus: MakeBus) -> None:
    bus = await make_bus()
    viewer = bus.view(active=True)
    await wait_until(lambda: viewer.events.count(Idle()) == 2)

    run = await bus.claim()
    await say(run.writer, 2)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2]


async def test_wait_for_active_run_is_bounded(make_bus: MakeBus) -> None:
    bus = await make_bus(lost_log_s=0.3)
    viewer = bus.view(active=True)

    with pytest.raises(RunLogExpiredError):
        await viewer.wait_ended()

    assert Idle() in viewer.events


async def test_idle_run_yields_idle_repeatedly(bus: Bus) -> None:
    await bus.claim()
    viewer = bus.view()

    await wait_until(lambda: viewer.events.count(Idle()) == 3)

    assert set(viewer.events) == {Idle()}


async def test_closed_watch_unsubscribes_and_leaves_no_state(bus: Bus) -> None:
    run = await bus.claim()
    await say(run.writer, 1)
    async with aclosing(bus.hub.watch("run_1")) as events:
        await anext(events)
        subscribed = await bus.redis.pubsub_numsub("chat:{run_1}:live")

    await wait_until(lambda: no_subscriber(bus))

    assert subscribed == [(b"chat:{run_1}:live", 1)]
    assert bus.hub.viewers == 0
    assert bus.hub._channels == {}


async def no_subscriber(bus: Bus) -> bool:
    return await bus.redis.pubsub_numsub("chat:{run_1}:live") == [(b"chat:{run_1}:live", 0)]


async def test_disconnect_of_one_viewer_keeps_the_others_subscription(bus: Bus) -> None:
    run = await bus.claim()
    leaving, staying = bus.view(), bus.view()
    await wait_until(lambda: bus.hub.viewers == 2)

    leaving.task.cancel()
    await asyncio.wait([leaving.task])
    await say(run.writer, 3)
    await run.writer.end("completed")
    await staying.wait_ended()

    assert staying.seqs == [1, 2, 3]


async def test_each_quick_resubscription_is_confirmed(bus: Bus) -> None:
    run = await bus.claim()
    for _ in range(30):
        gone = bus.view()
        await asyncio.sleep(0)
        gone.task.cancel()
    viewer = bus.view()
    await say(run.writer, 3)
    await run.writer.end("completed")
    await viewer.wait_ended()

    assert viewer.seqs == [1, 2, 3]


async def test_slow_viewer_catches_up_and_sees_each_seq_once(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(viewer_queue_bytes=2000, chunk_bytes=1000, batch_bytes=500)
    run = await bus.claim()
    swift = bus.view()
    seqs: list[int] = []
    async with aclosing(bus.hub.watch("run_1")) as events:
        await say(run.writer, 1, 100)
        seqs.append(last_seq_of(await anext(events)))

        # Far more than its queue holds, while the viewer is stalled.
        await say(run.writer, 500, 100)
        await run.writer.end("completed")
        await swift.wait_ended()
        channel = bus.hub._channels[b"chat:{run_1}:live"]
        (slow,) = channel.viewers
        assert slow.behind
        assert len(slow.entries) == 0

        chunks = [event async for event in events if not isinstance(event, Idle)]

    frames = b"".join(chunk.data for chunk in chunks[:-1])
    assert frames == b"".join(encode_frame(n, b"x" * 100) for n in range(2, 502))
    assert isinstance(chunks[-1], Ended)
    assert chunks[-1].status == "completed"
    assert max(len(chunk.data) for chunk in chunks) <= 1000
    assert swift.seqs == list(range(1, 502))


async def test_viewer_queue_is_bounded_by_messages(make_bus: MakeBus) -> None:
    bus = await make_bus(viewer_queue_messages=5)
    run = await bus.claim()
    async with aclosing(bus.hub.watch("run_1")) as events:
        await say(run.writer, 1)
        await anext(events)
        for _ in range(20):
            await say(run.writer, 1)
        (slow,) = bus.hub._channels[b"chat:{run_1}:live"].viewers
        await wait_until(lambda: slow.behind)
        await run.writer.end("completed")

        rest = [event async for event in events]

    assert last_seq_of(rest[-2]) == 21


async def test_catch_up_yields_bounded_chunks_and_lets_other_tasks_run(
    make_bus: MakeBus,
) -> None:
    bus = await make_bus(chunk_bytes=4000)
    run = await bus.claim()
    await say(run.writer, 2000, 200)
    await run.writer.end("completed")
    turns_of_others, turns_at_chunk = 0, []

    async def another_task() -> None:
        nonlocal turns_of_others
        while True:
            turns_of_others += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(another_task())
    async with aclosing(bus.hub.watch("run_1")) as events:
        async for event in events:
            turns_at_chunk.append(turns_of_others)
            # One log entry is never split here: the publisher made it larger than a chunk.
            assert not isinstance(event, Idle)
            assert len(event.data) <= bus.limits.batch_bytes
    other.cancel()

    assert len(turns_at_chunk) > 5
    # The end marker may arrive together with the last frames.
    assert all(b > a for a, b in pairwise(turns_at_chunk[:-1]))


async def test_long_logs_are_read_in_pages(make_bus: MakeBus) -> None:
    bus = await make_bus(batch_bytes=300, max_unsent_frames=10_000)
    run = await bus.claim()
    await say(run.writer, 3000, 100)
    for _ in range(40):
        await run.writer.append(b"y" * 20_000)
    await run.writer.end("completed")

    viewers = [bus.view(), bus.view(after=1501)]
    for viewer in viewers:
        await viewer.wait_ended()

    assert viewers[0].seqs == list(range(1, 3041))
    assert viewers[1].seqs == list(range(1502, 3041))


async def test_thousand_runs_share_one_pubsub_connection(make_bus: MakeBus) -> None:
    bus = await make_bus(attach_timeout_s=30, call_timeout_s=10)
    count, frames = 1000, 5
    runs = [await bus.claim(f"run_{n}") for n in range(count)]
    viewers = [bus.view(f"run_{n}") for n in range(count)]
    await wait_until(lambda: bus.hub.viewers == count)

    for _ in range(frames):
        for run in runs:
            await run.writer.append(b"{}")
        await asyncio.sleep(0)
    connections = await bus.redis.client_list(_type="pubsub")
    await asyncio.gather(*(run.writer.end("completed") for run in runs))
    await asyncio.gather(*(viewer.wait_ended() for viewer in viewers))

    assert len(connections) == 1
    assert all(viewer.seqs == list(range(1, frames + 1)) for viewer in viewers)
    assert bus.hub.viewers == 0


async def test_silently_lost_message_is_read_from_the_log(bus: Bus) -> None:
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])
    frame = encode_frame(2, b"{}")
    await bus.redis.xadd("chat:{run_1}:log", {"f": frame}, id="2-0")

    await wait_until(lambda: viewer.seqs == [1, 2])


async def test_gap_between_live_messages_is_read_from_the_log(make_bus: MakeBus) -> None:
    bus = await make_bus(idle_s=60)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])
    frames = [encode_frame(n, b"{}") for n in (2, 3)]
    for n, frame in zip((2, 3), frames, strict=True):
        await bus.redis.xadd("chat:{run_1}:log", {"f": frame}, id=f"{n}-0")

    await bus.redis.publish("chat:{run_1}:live", frames[1])

    await wait_until(lambda: viewer.seqs == [1, 2, 3])


async def test_malformed_message_makes_viewers_read_the_log(make_bus: MakeBus) -> None:
    bus = await make_bus(idle_s=60)
    run = await bus.claim()
    viewer = bus.view()
    await say(run.writer, 1)
    await wait_until(lambda: viewer.seqs == [1])
    await bus.redis.xadd("chat:{run_1}:log", {"f": encode_frame(2, b"{}")}, id="2-0")

    await bus.redis.publish("chat:{run_1}:live", b"what is this?")

    await wait_until(lambda: viewer.seqs == [1, 2])


async def test_listener_shares_the_hubs_connection(bus: Bus) -> None:
    heard: list[bytes] = []
    bus.hub.listen("auth:revocations", heard.append)

    await wait_until(lambda: bus.redis.publish("auth:revocations", b"ses_1"))

    await wait_until(lambda: b"ses_1" in heard)


async def test_new_viewer_without_redis_gets_bus_unavailable(make_bus: MakeBus) -> None:
    client = create_redis(f"redis://127.0.0.1:{free_port()}/0")
    bus = await make_bus(client, attach_timeout_s=0.3)
    viewer = bus.view()

    with pytest.raises(BusUnavailableError) as unavailable:
        await viewer.wait_ended()

    assert unavailable.value.status == 503
    with pytest.raises(BusUnavailableError):
        await bus.hub.meta("run_1")
    assert bus.hub.viewers == 0
    await client.aclose()


async def test_unstarted_hub_can_be_closed(redis: Redis) -> None:
    hub = RunHub(redis)

    await hub.aclose()

    assert hub.viewers == 0

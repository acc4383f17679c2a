"""The documented limits of the bus; other tests use smaller ones."""

import pytest
from bus_kit import MakeBus

from todochat.bus import BusLimits, RunLogFullError
from todochat.bus.frames import encode_frame, parse_frames


@pytest.mark.parametrize(
    ("limit", "promised"),
    [
        ("max_frames", 20_000),
        ("max_bytes", 8 * 1024 * 1024),
        ("max_unsent_frames", 1_000),
        ("batch_bytes", 64 * 1024),
        ("chunk_bytes", 64 * 1024),
        ("live_ttl_s", 2 * 3600),
        ("ended_ttl_s", 30 * 60),
        ("seq_jump", 10_000),
    ],
)
def test_defaults_match_the_documentation(limit: str, promised: int) -> None:
    assert getattr(BusLimits(), limit) == promised


async def test_run_is_limited_to_its_bytes(make_bus: MakeBus) -> None:
    bus = await make_bus(max_bytes=1000)
    room = 1000 - len(encode_frame(1, b"x" * 400)) - len(encode_frame(2, b""))
    at_limit, beyond = await bus.claim("run_1"), await bus.claim("run_2")
    for run in (at_limit, beyond):
        await run.writer.append(b"x" * 400)

    await at_limit.writer.append(b"x" * room)
    with pytest.raises(RunLogFullError):
        await beyond.writer.append(b"x" * (room + 1))


async def test_batch_is_filled_up_to_its_limit(make_bus: MakeBus) -> None:
    frame = len(encode_frame(1, b"x" * 100))
    exact, tight = await make_bus(batch_bytes=2 * frame), await make_bus(batch_bytes=2 * frame - 1)
    sizes = []

    for bus, run_id in ((exact, "run_1"), (tight, "run_2")):
        run = await bus.claim(run_id)
        for _ in range(4):
            await run.writer.append(b"x" * 100)
        await run.writer.flush()
        sizes.append(max(len(parse_frames(entry)) for entry in await bus.log(run_id)))

    assert sizes == [2, 1]

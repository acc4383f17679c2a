"""The parts of the harness: the schedule, the client's view, the figures."""

import pytest

from chaos.client import View, parse_frame, show
from chaos.history import Fault, History, SeenFrame, SeenTurn, TurnId
from chaos.report import percentile, recoveries
from chaos.schedule import ITS_WORKER, KINDS, MAX_WORKER_LOSSES, make_schedule

KILL = "todo-agent-worker kill"


def turn(posted_at: float, frames: list[float], over_at: float) -> SeenTurn:
    seen = [SeenFrame(at, seq, "event") for seq, at in enumerate(frames, 1)]
    return SeenTurn(
        TurnId(1, 0, 0), "usr_1", "key", posted_at=posted_at, over_at=over_at, frames=seen
    )


def lived_through(turns: list[SeenTurn], *faults: float) -> History:
    done = [Fault(at, KILL, "todo-agent-worker-1", "then") for at in faults]
    return History(1, [], turns=turns, faults=done)


def test_schedule_of_a_seed_is_deterministic() -> None:
    assert make_schedule(7) == make_schedule(7)
    assert make_schedule(7) != make_schedule(8)


def test_200_seeds_have_every_fault_kind_and_poison_no_run() -> None:
    schedules = [make_schedule(seed) for seed in range(200)]

    drawn = {(fault.target, fault.action) for each in schedules for fault in each.faults}
    losses = [
        sum(f.target == ITS_WORKER and f.action in {"kill", "pause"} for f in each.faults)
        for each in schedules
    ]
    assert drawn == set(KINDS)
    assert max(losses) <= MAX_WORKER_LOSSES


def test_parser_reads_gateway_frames() -> None:
    event = parse_frame(b'id: 3\ndata: {"type":"progress_update"}')
    snapshot = parse_frame(b"id: 10004\n: snapshot")
    end = parse_frame(b"id: 10005\n: end completed")

    assert (event.seq, event.kind, event.event) == (3, "event", {"type": "progress_update"})
    assert (snapshot.seq, snapshot.kind) == (10004, "snapshot")
    assert (end.seq, end.kind, end.status) == (10005, "end", "completed")
    with pytest.raises(ValueError, match="nothing known"):
        parse_frame(b"id: 6\n: what")


def test_view_applies_events() -> None:
    view: View = {}
    half = {"type": "thread.item.added", "item": {"id": "msg_1", "text": ""}}
    other = {"type": "thread.item.added", "item": {"id": "msg_2", "text": ""}}

    show(view, half)
    show(view, other)
    show(view, {"type": "thread.item.removed", "item_id": "msg_1"})
    show(view, {"type": "thread.item.done", "item": {"id": "msg_2", "text": "all of it"}})

    assert view == {"msg_2": {"id": "msg_2", "text": "all of it"}}


def test_silence_starts_with_its_fault() -> None:
    history = lived_through([turn(0, [1, 2, 9, 9.1], 9.2)], 2.5)

    (found,) = recoveries(history)

    assert found.silences == [6.5]
    assert found.is_alone


def test_turns_outside_the_fault_have_no_silence() -> None:
    history = lived_through([turn(0, [1], 2), turn(6, [7], 8)], 4)

    (found,) = recoveries(history)

    assert found.silences == []


def test_silence_with_a_second_fault_counts_for_neither_alone() -> None:
    history = lived_through([turn(0, [1, 9], 9.5)], 1.5, 5)

    first, second = recoveries(history)

    assert not first.is_alone
    assert not second.is_alone
    assert second.silences == [4]


def test_silence_belongs_to_the_fault_at_its_start() -> None:
    history = lived_through([turn(0, [1, 2.2, 3, 4.9, 9], 9.5)], 2, 5)

    first, second = recoveries(history)

    assert first.silences == [pytest.approx(1.9)]
    assert first.is_alone
    assert second.silences == [4]


def test_percentiles_are_observed_values() -> None:
    assert [percentile([3.0, 1.0, 2.0], share) for share in (0.5, 0.99, 1)] == [2.0, 3.0, 3.0]

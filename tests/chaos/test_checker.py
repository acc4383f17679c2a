"""The checker finds each kind of violation, and none in a history without a fault."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chaos.checker import check
from chaos.history import (
    Fault,
    History,
    Leaks,
    ModelCall,
    PlannedCall,
    PlannedTurn,
    SeenFrame,
    SeenTurn,
    Step,
    StoredRun,
    StoredTask,
    TaskChange,
    TurnId,
)

TURN = TurnId(1, 0, 0)
KEY = "s1c0t0-key"
TITLE = "s1c0t0 task 0"
OTHER = "s1c0t0 task 1"
TEXT = "s1c0t0 ends: done"
FLUSH = Fault(2.0, "valkey flush", "valkey", "then")

Spoil = Callable[[History], None]


def answer(item_id: str = "msg_1", text: str = TEXT) -> dict[str, Any]:
    return {"id": item_id, "type": "assistant_message", "content": [{"text": text}]}


def delta(text: str) -> dict[str, Any]:
    kind = "assistant_message.content_part.text_delta"
    update = {"type": kind, "content_index": 0, "delta": text}
    return {"type": "thread.item.updated", "item_id": "msg_1", "update": update}


QUESTION = {"id": "msg_0", "type": "user_message", "content": [{"text": "turn s1c0t0, please"}]}


def frames() -> list[SeenFrame]:
    events = [
        {"type": "thread.item.done", "item": QUESTION},
        {"type": "thread.item.added", "item": answer(text="")},
        delta("s1c0t0 ends:"),
        {"type": "thread.item.done", "item": answer()},
    ]
    seen = [SeenFrame(float(seq), seq, "event", event) for seq, event in enumerate(events, 1)]
    return [*seen, SeenFrame(4.0, 5, "end", status="completed")]


def run() -> StoredRun:
    return StoredRun("run_1", "usr_1", "thr_1", KEY, "completed", None, 1, 0, True, False)


def good() -> History:
    """A turn in which two tasks are added in parallel and one of them is completed."""
    adds = (PlannedCall("add_task", TITLE), PlannedCall("add_task", OTHER))
    steps = (
        Step(calls=adds),
        Step(calls=(PlannedCall("complete", TITLE),)),
        Step(("s1c0t0 ends:", " done")),
    )
    turn = SeenTurn(
        TURN, "usr_1", KEY, 0.0, "run_1", "thr_1", 0.5, 4.0, frames(), ended="completed",
        view={"msg_0": QUESTION, "msg_1": answer()},
    )  # fmt: skip
    return History(
        seed=1,
        plans=[PlannedTurn(TURN, steps)],
        turns=[turn],
        model_calls=[ModelCall(TURN, 0, 1), ModelCall(TURN, 1, 5), ModelCall(TURN, 2, 7)],
        outcomes={TURN: ["done", "done", "done"]},
        runs=[run()],
        items={"thr_1": [QUESTION, answer()]},
        tasks=[
            StoredTask("usr_1", "tsk_1", TITLE, True, False),
            StoredTask("usr_1", "tsk_2", OTHER, False, False),
        ],
        changes=[
            TaskChange("usr_1", "task.created.v1", TITLE, "run_1"),
            TaskChange("usr_1", "task.created.v1", OTHER, "run_1"),
            TaskChange("usr_1", "task.completed.v1", TITLE, "run_1"),
        ],
        leaks=Leaks({"streams of chat-gateway-1": 0}, {"streams of chat-gateway-1": 0}),
    )


def test_valid_history_has_no_violation() -> None:
    assert check(good()) == []


def double_task(history: History) -> None:
    history.tasks.append(replace(history.tasks[0], task_id="tsk_3"))


def double_effect(history: History) -> None:
    history.changes.append(history.changes[-1])


def add_unplanned_task(history: History) -> None:
    history.tasks.append(StoredTask("usr_1", "tsk_9", "nobody's", False, False))


def lose_task(history: History) -> None:
    del history.tasks[1]


def lose_effect(history: History) -> None:
    history.tasks[0] = replace(history.tasks[0], is_completed=False)


def drop_feed_entry(history: History) -> None:
    history.outcomes[TURN][2] = "refused"


def drop_frame(history: History) -> None:
    del history.turns[0].frames[1]


def repeat_frame(history: History) -> None:
    seen = history.turns[0].frames
    seen.insert(2, seen[1])


def swap_frames(history: History) -> None:
    seen = history.turns[0].frames
    seen[1], seen[2] = seen[2], seen[1]


def jump(history: History) -> None:
    seen = history.turns[0].frames
    seen[2:] = [replace(frame, seq=frame.seq + 10_000) for frame in seen[2:]]


def append_after_end(history: History) -> None:
    history.turns[0].frames.append(SeenFrame(5.0, 6, "event", {"type": "progress_update"}))


def answer_twice(history: History) -> None:
    history.items["thr_1"].append(answer("msg_2"))
    history.turns[0].view["msg_2"] = answer("msg_2")


def lose_answer(history: History) -> None:
    del history.items["thr_1"][1]
    del history.turns[0].view["msg_1"]


def half_an_answer(history: History) -> None:
    history.items["thr_1"][1] = answer(text="s1c0t0 ends:")


def drop_end(history: History) -> None:
    history.runs[0] = replace(history.runs[0], status="running", is_closed=False, has_lease=True)
    history.turns[0].ended = ""
    del history.turns[0].frames[4]


def leave_open(history: History) -> None:
    history.runs[0] = replace(history.runs[0], is_closed=False, has_lease=True)


def fail(history: History) -> None:
    history.runs[0] = replace(history.runs[0], status="failed", error="poisoned", crashes=3)
    history.turns[0].ended = "failed"


def forget_run(history: History) -> None:
    history.runs.clear()


def refuse(history: History) -> None:
    history.runs.clear()
    history.turns[0].run_id = history.turns[0].ended = ""
    history.turns[0].frames.clear()


def run_twice(history: History) -> None:
    history.runs.append(replace(history.runs[0], run_id="run_2"))


def expire(history: History) -> None:
    history.turns[0].ended = "expired"


def show_something_else(history: History) -> None:
    history.turns[0].view["msg_1"] = answer(text="s1c0t0 ends: do")


def show_unfinished_item(history: History) -> None:
    history.turns[0].view["msg_1"] = {**answer(), "open": True}


def ask_again(history: History) -> None:
    history.model_calls.append(history.model_calls[1])


def ask_differently(history: History) -> None:
    history.runs[0] = replace(history.runs[0], attempt=2)
    history.model_calls.append(ModelCall(TURN, 1, 6))


def leak(history: History) -> None:
    history.leaks.counts["streams of chat-gateway-1"] = 1


def say_words_twice(history: History) -> None:
    seen = history.turns[0].frames
    seen[2] = replace(seen[2], event=delta("s1c0t0 ends: s1c0t0 ends:"))


def restart_item_without_removal(history: History) -> None:
    seen = history.turns[0].frames
    again = [replace(frame, seq=frame.seq + 2) for frame in seen[1:]]
    history.turns[0].frames = [*seen[:3], *again]


def stay_down(history: History) -> None:
    history.problems.append("tasks is not ready again")


def cancel_without_stop(history: History) -> None:
    history.runs[0] = replace(history.runs[0], status="cancelled")
    history.turns[0].ended = "cancelled"


def another_run_in_another_tab(history: History) -> None:
    history.turns.append(replace(history.turns[0], tab=1, run_id="run_2"))


def another_time_than_stored(history: History) -> None:
    history.turns[0].view["msg_1"] = {**answer(), "created_at": "2026-11-23T09:00:00Z"}
    history.items["thr_1"][1] = {**answer(), "created_at": "2026-11-23T08:59:00Z"}


def another_view_in_another_tab(history: History) -> None:
    view = {**history.turns[0].view, "msg_1": answer(text="s1c0t0 ends:")}
    history.turns.append(replace(history.turns[0], tab=1, view=view))


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (double_task, "doubled task"),
        (double_effect, "doubled task"),
        (add_unplanned_task, "doubled task"),
        (lose_task, "lost task"),
        (lose_effect, "lost task"),
        (drop_feed_entry, "lied"),
        (drop_frame, "gap"),
        (repeat_frame, "repeated frame"),
        (swap_frames, "repeated frame"),
        (jump, "gap"),
        (append_after_end, "repeated frame"),
        (answer_twice, "doubled answer"),
        (lose_answer, "lost answer"),
        (half_an_answer, "differs"),
        (drop_end, "not ended"),
        (leave_open, "not ended"),
        (fail, "failed"),
        (forget_run, "not ended"),
        (refuse, "refused"),
        (run_twice, "doubled run"),
        (expire, "cut off"),
        (show_something_else, "differs"),
        (show_unfinished_item, "differs"),
        (ask_again, "asked again"),
        (ask_differently, "differs"),
        (leak, "leak"),
        (say_words_twice, "differs"),
        (restart_item_without_removal, "doubled answer"),
        (stay_down, "harness"),
        (cancel_without_stop, "failed"),
        (another_run_in_another_tab, "doubled run"),
        (another_view_in_another_tab, "differs"),
        (another_time_than_stored, "differs"),
    ],
)
def test_violation_is_found(spoil: Spoil, kind: str) -> None:
    history = good()

    spoil(history)

    assert kind in {violation.kind for violation in check(history)}


def test_removed_item_may_be_streamed_again() -> None:
    history = good()
    seen = history.turns[0].frames
    removed = {"type": "thread.item.removed", "item_id": "msg_1"}

    again = [replace(frame, seq=frame.seq + 3) for frame in seen[1:]]
    history.turns[0].frames = [*seen[:3], SeenFrame(3.0, 4, "event", removed), *again]

    assert check(history) == []


def test_two_tabs_with_equal_views_are_allowed() -> None:
    history = good()

    history.turns.append(replace(history.turns[0], tab=1))

    assert check(history) == []


def test_stopped_turn_keeps_streamed_text() -> None:
    history = good()
    history.plans[0] = replace(history.plans[0], stopped_after=2)

    cancel_without_stop(history)
    history.items["thr_1"][1] = answer(text="s1c0t0 ends:")
    history.turns[0].view["msg_1"] = answer(text="s1c0t0 ends:")

    assert check(history) == []


def test_sequence_gap_before_snapshot_is_allowed() -> None:
    history = good()
    seen = history.turns[0].frames
    later = [replace(frame, seq=frame.seq + 10_001) for frame in seen[1:]]

    history.turns[0].frames = [seen[0], SeenFrame(1.5, 10_002, "snapshot"), *later]

    assert check(history) == []


def test_flushed_log_may_return_expired() -> None:
    history = good()
    history.faults.append(FLUSH)

    history.turns[0].ended = "expired"

    assert check(history) == []


def test_second_attempt_may_repeat_unsaved_model_call() -> None:
    history = good()

    history.runs[0] = replace(history.runs[0], attempt=2, crashes=1)
    history.model_calls.append(history.model_calls[2])

    assert check(history) == []


def test_call_with_unknown_outcome_may_have_had_its_effect() -> None:
    history = good()

    history.outcomes[TURN][2] = "unsure"

    assert check(history) == []


def test_refused_call_may_have_had_no_effect() -> None:
    history = good()

    history.outcomes[TURN][2] = "refused"
    history.tasks[0] = replace(history.tasks[0], is_completed=False)
    del history.changes[2]

    assert check(history) == []

"""Callers take turns, and a flood of one caller evicts only its own items."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_session.service import fair_queue
from auth_session.service.fair_queue import FairQueue, FairQueueFullError


def filled(size: int, size_per_caller: int, *items: str) -> FairQueue[str]:
    """Return a queue of items such as "a1", whose first letter is the caller."""
    queue = FairQueue[str](size, size_per_caller)
    for item in items:
        assert queue.push(item[0], item) is None
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    items = []
    while (item := queue.pop()) is not None:
        items.append(item)
    return items


def test_callers_take_turns_and_items_keep_their_order() -> None:
    queue = filled(9, 9, "a1", "a2", "a3", "b1", "c1", "c2")

    assert drained(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert len(queue) == 0


def test_a_caller_that_was_just_served_comes_last() -> None:
    queue = filled(9, 9, "a1", "b1", "c1")

    first = queue.pop()
    queue.push("a", "a2")

    assert [first, *drained(queue)] == ["a1", "b1", "c1", "a2"]


def test_a_newcomer_waits_for_at_most_one_regular() -> None:
    queue = filled(9, 9, "a1", "b1", "c1", "d1")
    drained(queue)
    for regular in ("a2", "b2", "c2", "d2"):
        queue.push(regular[0], regular)
    queue.push("n", "n1")

    assert drained(queue) == ["n1", "a2", "b2", "c2", "d2"]


def test_regulars_get_every_fourth_turn_of_a_flood_of_newcomers() -> None:
    queue = filled(9, 9, "a1", "b1")
    drained(queue)
    for item in ("a2", "b2", "n1", "m1", "o1", "p1", "q1"):
        queue.push(item[0], item)

    assert drained(queue) == ["n1", "m1", "o1", "a2", "p1", "q1", "b2"]


def test_a_caller_served_long_ago_is_a_newcomer_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fair_queue, "_REMEMBERED", 2)
    queue = filled(9, 9, "a1", "b1", "c1")
    drained(queue)
    for item in ("b2", "c2", "a2"):
        queue.push(item[0], item)

    assert drained(queue) == ["a2", "b2", "c2"]


def test_a_callers_items_are_limited() -> None:
    queue = filled(9, 2, "a1", "a2")

    with pytest.raises(FairQueueFullError):
        queue.push("a", "a3")
    assert queue.push("b", "b1") is None


def test_a_full_queue_evicts_the_newest_item_of_the_caller_with_the_most() -> None:
    queue = filled(4, 9, "a1", "b1", "b2", "b3")

    dropped = queue.push("c", "c1")

    assert dropped == "b3"
    assert drained(queue) == ["a1", "b1", "c1", "b2"]


@pytest.mark.parametrize("caller", ["a", "b", "c"])
def test_a_full_queue_refuses_a_caller_with_as_many_items(caller: str) -> None:
    queue = filled(2, 9, "a1", "b1")

    with pytest.raises(FairQueueFullError):
        queue.push(caller, f"{caller}9")
    assert drained(queue) == ["a1", "b1"]


def test_a_queue_of_size_zero_is_always_full() -> None:
    with pytest.raises(FairQueueFullError):
        FairQueue[str](0, 1).push("a", "a1")


@given(st.lists(st.sampled_from("abcd") | st.none(), max_size=80))
def test_every_item_is_served_or_evicted_exactly_once(steps: list[str | None]) -> None:
    queue = FairQueue[tuple[str, int]](6, 3)
    waiting: list[tuple[str, int]] = []

    for number, caller in enumerate(steps):
        if caller is None:
            item = queue.pop()
            assert (item is None) == (not waiting)
        else:
            try:
                item = queue.push(caller, (caller, number))
            except FairQueueFullError:
                continue
            waiting.append((caller, number))
        if item is not None:
            waiting.remove(item)
        assert len(queue) == len(waiting) <= 6
        assert all(sum(each[0] == one for each in waiting) <= 3 for one in "abcd")

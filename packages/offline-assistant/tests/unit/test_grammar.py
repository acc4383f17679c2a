"""Single rules of the grammar, and pure functions that several plans share."""

from datetime import date

import pytest

from offline_assistant.grammar.items import MAX_ITEMS
from offline_assistant.grammar.rewriting import move_front_to_end
from offline_assistant.grammar.sentence_type import base_form
from offline_assistant.grammar.targets import read_numbers
from offline_assistant.intents import AddIntent, ByNumber, Filter, NewTask
from offline_assistant.interpreter import merge_adds
from offline_assistant.planner import take_outputs
from offline_assistant.tool_calls import FunctionCall, FunctionOutput
from task_phrases.clock import Clock
from task_phrases.details import take_priority, take_tags

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "rest", "priority"),
    [
        ("milk !high", "milk", "high"),
        ("milk !!", "milk", "high"),
        ("milk p2", "milk", "medium"),
        ("milk p4", "milk", "none"),
        ("milk with no priority", "milk", "none"),
        ("milk, normal priority", "milk", "medium"),
        ("milk priority: low", "milk", "low"),
        ("urgent: milk", "milk", "high"),
        ("milk asap", "milk", "high"),
        ("milk", "milk", None),
    ],
)
def test_priority_is_split_from_text(text: str, rest: str, priority: str | None) -> None:
    assert take_priority(text) == (rest, priority)


@pytest.mark.parametrize(
    ("text", "rest", "tags"),
    [
        ("milk #home #shop", "milk", ("home", "shop")),
        ("milk tagged home", "milk", ("home",)),
        ("issue #42", "issue #42", ()),
    ],
)
def test_tags_are_split_from_text(text: str, rest: str, tags: tuple[str, ...]) -> None:
    assert take_tags(text) == (rest, tags)


@pytest.mark.parametrize(
    ("phrase", "numbers"),
    [
        ("3", (3,)),
        ("#4 and 5", (4, 5)),
        ("tasks 2 to 4", (2, 3, 4)),
        ("task five", (5,)),
        ("1, 1, 2", (1, 2)),
        ("2 to 9999", None),
        ("milk", None),
    ],
)
def test_numbers_are_read_from_phrase(phrase: str, numbers: tuple[int, ...] | None) -> None:
    assert read_numbers(phrase) == (None if numbers is None else ByNumber(numbers))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("deleting task 3", "delete task 3"),
        ("getting rid of 3", "get rid of 3"),
        ("marking 3 as done", "mark 3 as done"),
        ("singing a song", "singing a song"),
    ],
)
def test_gerund_becomes_command_verb(text: str, base: str) -> None:
    assert base_form(text) == base


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("on friday remind me to call", "remind me to call on friday"),
        ("in my calendar, add lunch", "add lunch in my calendar"),
        ("friday party", "friday party"),
    ],
)
def test_date_or_list_in_front_moves_to_the_end(clock: Clock, text: str, command: str) -> None:
    assert move_front_to_end(text, clock) == command


@pytest.mark.parametrize(
    ("task_filter", "day", "is_included"),
    [
        (Filter(), None, True),
        (Filter(), TODAY, True),
        (Filter(due_from=TODAY), None, False),
        (Filter(due_from=TODAY), TODAY, True),
        (Filter(due_from=TODAY), date(2026, 11, 22), False),
        (Filter(due_to=TODAY), date(2026, 11, 24), False),
    ],
)
def test_filter_includes_due_day(task_filter: Filter, day: date | None, is_included: bool) -> None:
    assert task_filter.includes_due_day(day) is is_included


def test_merged_additions_are_limited() -> None:
    first = AddIntent(tuple(NewTask(f"task {i}") for i in range(MAX_ITEMS)))
    second = AddIntent((NewTask("another"),), wants_reminder=True)

    merged = merge_adds(first, second)

    assert (len(merged.tasks), merged.wants_reminder) == (MAX_ITEMS, True)


def test_outputs_of_a_different_earlier_run_do_not_count() -> None:
    call = FunctionCall("find_tasks")
    earlier = [FunctionOutput(FunctionCall("add_task"), {"ok": True})]

    assert take_outputs([call], [], earlier) == ([], [call])
    assert not earlier

"""The files of conversations: errors name the place; and what counts as a difference."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from todo_evals.account import Snapshot
from todo_evals.cases import DEFAULTS, LIST_DEFAULTS, Case, CaseError, load_cases
from todo_evals.checks import differences, exact, lenient
from todo_evals.conversation import Transcript, TurnOutcome
from todo_evals.stack import open_stack  # noqa: F401 - the imports of the runner work

VALID = """
name: a
tasks: [milk]
turns:
  - say: yes
end: unchanged
"""


def test_all_conversations_are_valid_and_cover_the_assistant() -> None:
    cases = load_cases()

    assert len([case for case in cases if case.needs is None]) >= 80
    assert len({case.category for case in cases}) >= 15


def test_yes_and_dates_are_texts(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(VALID.replace("milk", "{title: milk, due: 2026-11-24}"))

    (case,) = load_cases(tmp_path)

    assert case.turns[0].say == "yes"
    assert case.tasks == [{"title": "milk", "due": "2026-11-24"}]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("say: yes", "says: yes", "unknown field `says` - at `$.turns[0]`"),
        ("say: yes", "asked: true", "turn 1: exactly one of say and click"),
        ("end: unchanged", "", "missing required field `end`"),
        ("end: unchanged", "end: {deleted: [eggs]}", "'eggs' is the title of 0 tasks"),
        ("[milk]", "[{title: milk, dew: 2026-11-24}]", "unknown field 'dew'"),
        ("end: unchanged", "end: {changed: {milk: {color: red}}}", "unknown field 'color'"),
        ("name: a", "name: a\nnow: tomorrow", "Invalid isoformat string"),
        ("name: a", "name: a\ntimezone: Mars/Base", "Mars/Base"),
        ("[milk]", "[milk", "not YAML"),
        ("end: unchanged", "end: unchanged\n---" + VALID, "two cases have the name 'a'"),
    ],
)
def test_invalid_case_names_file_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    (tmp_path / "x.yaml").write_text(VALID.replace(old, new))

    with pytest.raises(CaseError) as raised:
        load_cases(tmp_path)

    assert str(raised.value).startswith("x.yaml")
    assert message.casefold() in str(raised.value).casefold()


class TestDifferences:
    """One task `milk` in the list Inbox before the conversation."""

    def test_unmentioned_change_is_a_difference(self) -> None:
        after = account(milk={"priority": "high"})

        assert compared({"turns": [{"say": "x"}], "end": "unchanged"}, after) == [
            "end: task 'milk' has changed: {'priority': 'high'}"
        ]

    def test_expected_change_is_none(self) -> None:
        end = {"changed": {"milk": {"priority": "high"}}}

        assert compared({"turns": [{"say": "x"}], "end": end}, account(milk=end_high())) == []

    def test_missing_change_and_other_value(self) -> None:
        end = {"changed": {"milk": {"priority": "low"}}}

        assert compared({"turns": [{"say": "x"}], "end": end}, account(milk=end_high())) == [
            "end: task 'milk' has priority 'high', expected 'low'"
        ]

    def test_new_task_must_have_default_values_elsewhere(self) -> None:
        after = account(milk={}, eggs={"due": "2026-11-24"})
        end = {"added": [{"title": "eggs"}]}

        assert compared({"turns": [{"say": "x"}], "end": end}, after) == [
            "end: task 'eggs' has due '2026-11-24', expected None"
        ]

    def test_deletion_and_new_task_are_reported(self) -> None:
        found = compared({"turns": [{"say": "x"}], "end": "unchanged"}, account(eggs={}))

        assert found == [
            "end: unexpected new task {'title': 'eggs', 'number': 2}",
            "end: task 'milk' is deleted",
        ]

    def test_confirmation_must_be_asked_exactly_where_expected(self) -> None:
        asked = compared({"turns": [{"say": "x", "asked": True}], "end": "unchanged"}, account())
        case = {"turns": [{"say": "x"}], "end": "unchanged"}
        other = compared(case, account(milk={}), is_asked=True)

        assert asked[0].startswith("turn 1: no confirmation is open")
        assert other == ["turn 1: asks for a confirmation: 'Okay.'"]

    def test_reply_and_shown_tasks_are_compared(self) -> None:
        turn = {"say": "x", "reply": ["okay", "milk"], "shows": ["milk"]}

        assert compared({"turns": [turn], "end": "unchanged"}, account(milk={})) == [
            "turn 1: the reply lacks 'milk': 'Okay.'",
            "turn 1: shows [], expected ['milk']",
        ]

    def test_model_may_write_a_title_in_another_case(self) -> None:
        end = {"added": [{"title": "Eggs"}]}
        after = account(milk={}, eggs={})

        assert compared({"turns": [{"say": "x"}], "end": end}, after, fold=lenient) == []
        assert compared({"turns": [{"say": "x"}], "end": end}, after) != []


def end_high() -> dict[str, Any]:
    return {"priority": "high"}


def account(**tasks: dict[str, Any]) -> Snapshot:
    """Return an account with a list Inbox and the given tasks; milk is number 1."""
    numbers = {"milk": 1, "eggs": 2}
    return Snapshot(
        tasks={
            f"tsk_{title}": {**DEFAULTS, "title": title, "number": numbers[title], **fields}
            for title, fields in tasks.items()
        },
        lists={"lst_1": {**LIST_DEFAULTS, "name": "Inbox"}},
    )


def compared(
    document: dict[str, Any], after: Snapshot, *, is_asked: bool = False, fold: Any = exact
) -> list[str]:
    """Return the differences of a case with one turn."""
    case = msgspec.convert({"name": "a", **document}, Case)
    outcome = TurnOutcome(text="Okay.", shown=[], is_asked=is_asked, after=after)
    return differences(case, Transcript(account(milk={}), [outcome]), fold)

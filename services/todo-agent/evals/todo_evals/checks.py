"""Compares a played case with what it must show and end in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from todo_evals.account import Snapshot
from todo_evals.cases import DEFAULTS, LIST_DEFAULTS, Case, End, Fields, Turn, as_fields
from todo_evals.conversation import Transcript, TurnOutcome

MAX_QUOTED: Final = 400
# How a text of the account is compared: a model may write "Buy milk." for "buy milk".
Fold = Callable[[Any], Any]


def exact(value: Any) -> Any:
    """Compare as it is; tags in any order."""
    return sorted(map(str, value)) if isinstance(value, list) else value


def lenient(value: Any) -> Any:
    """Compare texts without case, surplus spaces and a full stop at the end."""
    if isinstance(value, str):
        return " ".join(value.casefold().split()).rstrip(".!")
    return sorted(str(lenient(each)) for each in value) if isinstance(value, list) else value


def differences(case: Case, transcript: Transcript, fold: Fold) -> list[str]:
    """Return how a played case differs from its expectations, one line each."""
    found: list[str] = []
    before = transcript.before
    for number, (turn, outcome) in enumerate(zip(case.turns, transcript.turns, strict=True), 1):
        found += [f"turn {number}: {each}" for each in _of_turn(turn, outcome, before, fold)]
        before = outcome.after
    end = case.end if isinstance(case.end, End) else End()
    return found + [f"end: {each}" for each in _of_end(end, transcript, fold)]


def _of_turn(turn: Turn, outcome: TurnOutcome, before: Snapshot, fold: Fold) -> list[str]:
    wanted = [turn.reply] if isinstance(turn.reply, str) else turn.reply
    found = [
        f"the reply lacks {text!r}: {outcome.text[:MAX_QUOTED]!r}"
        for text in wanted
        if text.casefold() not in outcome.text.casefold()
    ]
    if turn.shows is not None and fold(turn.shows) != fold(outcome.shown):
        found.append(f"shows {outcome.shown}, expected {turn.shows}")
    if turn.asked and not outcome.is_asked:
        found.append(f"no confirmation is open: {outcome.text[:MAX_QUOTED]!r}")
    if outcome.is_asked and not turn.asked:
        found.append(f"asks for a confirmation: {outcome.text[:MAX_QUOTED]!r}")
    if (turn.unchanged or turn.asked) and outcome.after != before:
        found.append(f"changes something: {_changes(before, outcome.after)}")
    return found


def _changes(before: Snapshot, after: Snapshot) -> str:
    mine = [after.tasks[each]["title"] for each in after.tasks if each not in before.tasks]
    gone = [before.tasks[each]["title"] for each in before.tasks if each not in after.tasks]
    other = [
        f"{fields['title']} {changed_fields(before.tasks[each], fields)}"
        for each, fields in after.tasks.items()
        if each in before.tasks and before.tasks[each] != fields
    ]
    lists = [] if before.lists == after.lists else [list(after.lists.values())]
    return f"new {mine}, gone {gone}, changed {other}, lists {lists}"


def _of_end(end: End, transcript: Transcript, fold: Fold) -> list[str]:
    before, after = transcript.before, transcript.after
    tasks = _Group("task", "title", before.tasks, after.tasks, DEFAULTS, fold)
    lists = _Group("list", "name", before.lists, after.lists, LIST_DEFAULTS, fold)
    return [
        *tasks.of_new(end.added),
        *tasks.of_changed(end.changed),
        *tasks.of_gone(end.deleted),
        *lists.of_new([as_fields(entry, "name") for entry in end.lists_added]),
        *lists.of_changed(end.lists_changed),
        *lists.of_gone(end.lists_deleted),
    ]


def changed_fields(before: Fields, after: Fields) -> Fields:
    """Return the fields that differ, with their values after."""
    return {name: after[name] for name in after if before.get(name) != after[name]}


class _Group:
    """The tasks, or the lists, before and after."""

    def __init__(
        self,
        noun: str,
        name: str,
        before: Mapping[str, Fields],
        after: Mapping[str, Fields],
        defaults: Mapping[str, Any],
        fold: Fold,
    ) -> None:
        self._noun, self._name, self._defaults, self._fold = noun, name, defaults, fold
        self._before, self._after = before, after

    def of_new(self, expected: list[Fields]) -> list[str]:
        """Return how the new ones differ from those expected, which are paired by their names."""
        new = [fields for each, fields in self._after.items() if each not in self._before]
        found, missing = [], []
        for fields in expected:
            same = [each for each in new if self._matches(fields[self._name], each[self._name])]
            if not same:
                missing.append(fields)
                continue
            best = min(same, key=lambda each: len(self._unequal(fields, each)))
            new.remove(best)
            found += self._unequal(fields, best)
        found += [f"no new {self._noun} {fields[self._name]!r}" for fields in missing]
        for each in new:
            given = {name: each[name] for name in each if each[name] != self._defaults.get(name)}
            found.append(f"unexpected new {self._noun} {given}")
        return found

    def _unequal(self, expected: Fields, actual: Fields) -> list[str]:
        wanted = {**self._defaults, **expected}
        name = actual[self._name]
        return [
            f"{self._noun} {name!r} has {field} {actual[field]!r}, expected {value!r}"
            for field, value in wanted.items()
            if not self._matches(value, actual[field])
        ]

    def _matches(self, expected: Any, actual: Any) -> bool:
        if isinstance(expected, dict) and set(expected) == {"one_of"}:
            return any(self._matches(each, actual) for each in expected["one_of"])
        return bool(self._fold(expected) == self._fold(actual))

    def of_changed(self, expected: Mapping[str, Fields]) -> list[str]:
        """Return how the changes of the kept ones differ from those expected."""
        found = []
        for each, fields in self._before.items():
            after = self._after.get(each)
            if after is None:
                continue
            number = f"#{fields.get('number')}"
            wanted = expected.get(fields[self._name]) or expected.get(number) or {}
            changed = changed_fields(fields, after)
            for name, value in wanted.items():
                if not self._matches(value, after[name]):
                    found.append(
                        f"{self._noun} {fields[self._name]!r} has {name} {after[name]!r},"
                        f" expected {value!r}"
                    )
            surplus = {name: value for name, value in changed.items() if name not in wanted}
            if surplus:
                found.append(f"{self._noun} {fields[self._name]!r} has changed: {surplus}")
        return found

    def of_gone(self, expected: list[str]) -> list[str]:
        """Return which ones are deleted, but should not be, or the other way round."""
        found = []
        for each, fields in self._before.items():
            is_gone = each not in self._after
            names = {fields[self._name], f"#{fields.get('number')}"}
            if is_gone != bool(names & set(expected)):
                state = "is deleted" if is_gone else "is not deleted"
                found.append(f"{self._noun} {fields[self._name]!r} {state}")
        return found

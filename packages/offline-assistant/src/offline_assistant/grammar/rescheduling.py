"""Sentences that change when a task is due: "move 3 to friday", "snooze it", "3 has no deadline"."""

import re
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.date_fragments import ResolvedDate
from offline_assistant.dates import find_dates, join_dates, read_date
from offline_assistant.grammar.details import to_due
from offline_assistant.grammar.rules import Reader, rule
from offline_assistant.grammar.targets import TASK_REFERENCE, read_target
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    Changes,
    ClarifyIntent,
    Intent,
    Missing,
    UpdateIntent,
)
from offline_assistant.patterns import Match

_MOVE: Final = (
    r"(?:move|reschedule|postpone|delay|push(?: back)?|shift|snooze|defer|bump|change|put off|"
    r"bring forward|extend)"
)
_PUT_OFF: Final = r"(?:reschedule|postpone|delay|snooze|defer|push back|put off)"
_SET: Final = r"(?:set|change|update|edit|make|move|put|push|extend|modify)"
_DUE: Final = r"(?:due ?date|due|deadline|date|time|due time|reminder)"
MAX_RANGE_WORDS: Final = 12
_SEPARATORS: Final = frozenset({"to", "until", "till"})
_TAKE: Final = r"(?:remove|delete|clear|drop|erase|unset)"


def change(target_text: str, changes: Changes, clock: Clock) -> Intent:
    """Return the update of what a phrase names, or the question which task it is."""
    target = read_target(target_text, clock)
    if target is None:
        return ClarifyIntent(Missing.WHICH_TASK, UpdateIntent(ByMention(), changes))
    return UpdateIntent(target, changes)


def lacks(missing: Missing) -> Reader:
    """Return a reader for a command that says which task, but not what to change it to."""

    def read(match: Match, clock: Clock) -> Intent | None:
        target = read_target(match["target"], clock)
        return ClarifyIntent(missing, UpdateIntent(target, Changes())) if target else None

    return read


def new_date(text: str, clock: Clock) -> ResolvedDate | None:
    """Read a new due date: "friday", "5pm", or just "5"."""
    readings = (text, f"at {text}", f"on {text}", f"on the {text}")
    return next((when for reading in readings if (when := read_date(reading, clock))), None)


def _reschedule(match: Match, clock: Clock) -> Intent | None:
    narrowing, value = _split_range(match["value"], clock)
    due = to_due(new_date(value, clock))
    if due is None:
        return None
    between = match.string[match.end("target") : match.start("value")].split()
    which = [*between, narrowing] if narrowing else between[:-1]
    named = match["target"]
    if which and isinstance(read_target(named, clock), ByFilter):
        named = f"{named} {' '.join(which)}"  # "everything" and "from today"
    return change(named, Changes(due=due), clock)


def _split_range(value: str, clock: Clock) -> tuple[str, str]:
    """Split "today to tomorrow" into the days that are meant and the new one; else ("", value)."""
    when = new_date(value, clock)
    if when is not None and when.first == when.last:
        return "", value  # "quarter to five"
    words = value.split()
    found = [index for index, word in enumerate(words) if word.lower() in _SEPARATORS]
    if not found or len(words) > MAX_RANGE_WORDS:
        return "", value
    rest = " ".join(words[found[-1] + 1 :])
    is_range = found[-1] > 0 and new_date(rest, clock) is not None
    return (" ".join(words[: found[-1]]), rest) if is_range else ("", value)


def _reschedule_in_place(match: Match, clock: Clock) -> Intent | None:
    """Read "postpone the dentist tomorrow at 5": the date that ends it is the new one."""
    text = match["target"]
    phrases = find_dates(text, clock)
    due = to_due(join_dates(phrases, clock))
    if due is None:
        return None
    named, rest = text[: phrases[0].start], text[phrases[-1].end :]
    if not named.strip() or re.search(r"\w", rest):
        return None
    return change(named, Changes(due=due), clock)


def _clear_due(match: Match, clock: Clock) -> Intent:
    return change(match["target"], Changes(clear_due=True), clock)


RESCHEDULING_RULES: Final = (
    rule(rf"{_TAKE} the {_DUE} (?:of|from|for|on) (?P<target>.+)", _clear_due),
    rule(rf"{_TAKE} (?P<target>.+?)'s {_DUE}", _clear_due),
    rule(rf"(?P<target>{TASK_REFERENCE}) has no {_DUE}", _clear_due),
    rule(rf"{_SET} the {_DUE} (?:of|for|on) (?P<target>.+?) (?:to|until|as|for) (?P<value>.+)", _reschedule),
    rule(rf"{_SET} (?P<target>.+?)'s {_DUE} (?:to|until|as) (?P<value>.+)", _reschedule),
    rule(rf"{_SET} (?P<target>.+?) (?:to be )?due(?: date)?(?: to| on| for| by)? (?P<value>.+)", _reschedule),
    rule(rf"(?P<target>{TASK_REFERENCE}) is (?:now )?due(?: on| by)? (?P<value>.+)", _reschedule),
    rule(rf"{_MOVE} (?=.+ (?:to|until|till|for) .)(?P<target>.+?) (?:from .+? )?"
         r"(?:to|until|till|for) (?P<value>.+?)(?: instead)?", _reschedule),
    rule(rf"(?:make|set) (?P<target>{TASK_REFERENCE}) (?:(?:to|for|on) )?(?P<value>.+?)(?: instead)?", _reschedule),
    rule(rf"(?:{_PUT_OFF}|push) (?P<target>.+)", _reschedule_in_place),
    rule(rf"{_PUT_OFF} (?P<target>.+)", lacks(Missing.NEW_DATE)),
)  # fmt: skip

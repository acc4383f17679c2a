"""Sentences that change a due date or snooze: "move 3 to friday", "snooze it", "3 has no deadline"."""

import re
from datetime import timedelta
from functools import partial
from typing import Any, Final

from offline_assistant.grammar.rules import Reader, rule
from offline_assistant.grammar.targets import TASK_REFERENCE, read_target, target_reader
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    ByReminder,
    Changes,
    ClarifyIntent,
    Intent,
    Missing,
    SnoozeIntent,
    UpdateIntent,
)
from task_phrases.clock import Clock
from task_phrases.date_fragments import ResolvedDate
from task_phrases.dates import find_dates, join_dates, read_date
from task_phrases.details import to_due
from task_phrases.due_date import DAY_STARTS
from task_phrases.patterns import Match

_MOVE: Final = (
    r"(?:move|reschedule|postpone|delay|push(?: back)?|shift|defer|bump|change|put off|"
    r"bring forward|extend)"
)
_PUT_OFF: Final = r"(?:reschedule|postpone|delay|defer|push back|put off)"
_SET: Final = r"(?:set|change|update|edit|make|move|put|push|extend|modify)"
_DUE: Final = r"(?:due ?date|due|deadline|date|time|due time|reminder)"
SNOOZED: Final = timedelta(hours=1)  # without a time
MAX_RANGE_WORDS: Final = 12
_SEPARATORS: Final = frozenset({"to", "until", "till"})
_TAKE: Final = r"(?:remove|delete|clear|drop|erase|unset)"


def change(target_text: str, changes: Changes, clock: Clock) -> Intent:
    """Return the update of the tasks that a phrase names, or ask which task it is."""
    target = read_target(target_text, clock)
    if target is None:
        return ClarifyIntent(Missing.WHICH_TASK, UpdateIntent(ByMention(), changes))
    return UpdateIntent(target, changes)


def change_reader(**changes: Any) -> Reader:
    """Return a reader that makes the same changes to any target: `change_reader(priority="low")`."""
    return target_reader(partial(UpdateIntent, changes=Changes(**changes)))


def clarifying_reader(missing: Missing) -> Reader:
    """Return a reader for a command that names a task, but lacks its new value."""

    def read(match: Match, clock: Clock) -> Intent | None:
        target = read_target(match["target"], clock)
        return ClarifyIntent(missing, UpdateIntent(target, Changes())) if target else None

    return read


def new_date(text: str, clock: Clock) -> ResolvedDate | None:
    """Resolve a new due date: "friday", "5pm", or just "5"."""
    readings = (text, f"at {text}", f"on {text}", f"on the {text}")
    return next((when for reading in readings if (when := read_date(reading, clock))), None)


def read_reschedule(match: Match, clock: Clock) -> Intent | None:
    """Read "move 3 to friday" or "move everything from today to tomorrow"."""
    narrowing, value = _split_range(match["value"], clock)
    due = to_due(new_date(value, clock))
    if due is None:
        return None
    between = match.string[match.end("target") : match.start("value")].split()
    which = [*between, narrowing] if narrowing else between[:-1]
    named = match["target"]
    if which and isinstance(read_target(named, clock), ByFilter):
        named = f"{named} {' '.join(which)}"  # "everything" + "from today"
    return change(named, Changes(due=due), clock)


def _split_range(value: str, clock: Clock) -> tuple[str, str]:
    """Split "today to tomorrow" into the selected days and the new day; else return ("", value)."""
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


def read_postpone(match: Match, clock: Clock) -> Intent | None:
    """Read "postpone the dentist tomorrow at 5": the date at the end is the new one."""
    text = match["target"]
    phrases = find_dates(text, clock)
    due = to_due(join_dates(phrases, clock))
    if due is None:
        return None
    named, rest = text[: phrases[0].start], text[phrases[-1].end :]
    if not named.strip() or re.search(r"\w", rest):
        return None
    return change(named, Changes(due=due), clock)


def read_snooze(match: Match, clock: Clock) -> Intent | None:
    """Read "snooze the dentist for 2 hours" or "snooze it until friday"; None for any other time."""
    length, value = match["length"], match["until"]
    when = new_date(f"in {length}" if length else value, clock) if length or value else None
    if when is None and (length or value):
        return None
    until = clock.after(SNOOZED)
    if when is not None:
        until = when.at or (clock.at(when.day, DAY_STARTS) if when.day else until)
    if not match.groupdict().get("target"):
        return SnoozeIntent(ByReminder(), until)
    return target_reader(partial(SnoozeIntent, until=until))(match, clock)


_CLEAR_DUE: Final = change_reader(clear_due=True)
_SNOOZED_FOR: Final = (
    r"(?: (?:for|by) (?P<length>(?:another )?\S+(?: \S+){0,4})| (?:until|till|to) (?P<until>.+))?"
)
RESCHEDULING_RULES: Final = (
    rule(rf"snooze (?:the|my|that|this) (?:reminder|alarm|notification){_SNOOZED_FOR}", read_snooze),
    rule(r"snooze (?:the|my|that|this) (?:reminder|alarm|notification)"
         r" (?P<length>(?:\d+|an?|half an|one|two|three) \S+)(?P<until>)", read_snooze),
    rule(rf"snooze(?: the (?:reminder|alarm) (?:for|of|about))? (?P<target>.+?){_SNOOZED_FOR}", read_snooze),
    rule(rf"{_TAKE} the {_DUE} (?:of|from|for|on) (?P<target>.+)", _CLEAR_DUE),
    rule(rf"{_TAKE} (?P<target>.+?)'s {_DUE}", _CLEAR_DUE),
    rule(rf"(?P<target>{TASK_REFERENCE}) has no {_DUE}", _CLEAR_DUE),
    rule(rf"{_SET} the {_DUE} (?:of|for|on) (?P<target>.+?) (?:to|until|as|for) (?P<value>.+)", read_reschedule),
    rule(rf"{_SET} (?P<target>.+?)'s {_DUE} (?:to|until|as) (?P<value>.+)", read_reschedule),
    rule(rf"{_SET} (?P<target>.+?) (?:to be )?due(?: date)?(?: to| on| for| by)? (?P<value>.+)", read_reschedule),
    rule(rf"(?P<target>{TASK_REFERENCE}) is (?:now )?due(?: on| by)? (?P<value>.+)", read_reschedule),
    rule(r"(?:push|move) (?P<target>.+?) back (?:to|until|till) (?P<value>.+)", read_reschedule),
    rule(rf"{_MOVE} (?=.+ (?:to|until|till|for) .)(?P<target>.+?) (?:from .+? )?"
         r"(?:to|until|till|for) (?P<value>.+?)(?: instead)?", read_reschedule),
    rule(rf"(?:make|set) (?P<target>{TASK_REFERENCE}) (?:(?:to|for|on) )?(?P<value>.+?)(?: instead)?", read_reschedule),
    rule(rf"(?:{_PUT_OFF}|push) (?P<target>.+)", read_postpone),
    rule(rf"{_PUT_OFF} (?P<target>.+)", clarifying_reader(Missing.NEW_DATE)),
)  # fmt: skip

"""Finds lengths of time: how long a task takes, and how long before it a reminder comes."""

from dataclasses import dataclass
from typing import Final

from task_phrases.patterns import CARDINAL, Match, rx, to_amount

MAX_MINUTES: Final = 525_600  # a year
MAX_REMINDERS: Final = 20
_MINUTES: Final = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
_COUNT: Final = rf"(?P<count>\d+(?:\.\d+)?|{CARDINAL}|an?|half an?)"
_UNIT: Final = r"(?P<unit>minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\b"
_BEFORE: Final = r"(?:before(?:hand)?|earlier|ahead|in advance)"
_REMINDER: Final = rx(
    rf"(?<![\w#-])(?:,? ?(?:and )?(?:with a )?(?:remind(?: me)?|reminder|alert me|notify me) |!) ?{_COUNT} ?"
    rf"{_UNIT}(?: {_BEFORE})?"
)
_ANOTHER: Final = rx(rf"(?:,| and|, and) {_COUNT} ?{_UNIT} {_BEFORE}")
_DURATION: Final = rx(
    rf"(?<![\w#-])for {_COUNT} ?(?P<unit>minutes?|mins?|m|hours?|hrs?|h)(?:(?![\w-])|(?=\d))"
    rf"(?: ?(?:and )?(?P<minutes>\d+) ?(?:minutes?|mins?|m)(?![\w-]))?"
)


@dataclass(frozen=True, slots=True)
class LengthPhrase:
    """A part of a text that names a length of time, in minutes."""

    start: int
    end: int
    minutes: int


def find_reminders(text: str) -> list[LengthPhrase]:
    """Return the phrases that ask for a reminder ("remind me 30 minutes before"), at most 20."""
    found: list[LengthPhrase] = []
    for first in _REMINDER.finditer(text):
        match: Match | None = first
        offset = 0
        while match is not None and len(found) < MAX_REMINDERS:
            found += _read(match, offset)
            offset += match.end()
            match = _ANOTHER.match(text[offset:])
    return found


def find_durations(text: str) -> list[LengthPhrase]:
    """Return the phrases that say how long something takes ("for 2 hours")."""
    return [phrase for match in _DURATION.finditer(text) for phrase in _read(match)]


def _read(match: Match, offset: int = 0) -> list[LengthPhrase]:
    """Return the length, unless it is none or longer than a year."""
    start, end = match.span()
    extra = int(match.groupdict().get("minutes") or 0)
    minutes = round(to_amount(match["count"]) * _MINUTES[match["unit"][0].lower()]) + extra
    return (
        [LengthPhrase(start + offset, end + offset, minutes)] if 0 < minutes <= MAX_MINUTES else []
    )

"""Extracts due date, repetition, list, priority, tags and notes from a phrase; the rest is the title."""

import re
from dataclasses import dataclass
from typing import Final

from task_phrases.clock import Clock
from task_phrases.date_fragments import ResolvedDate
from task_phrases.dates import DatePhrase, find_dates, join_dates
from task_phrases.due_date import DueDate, Priority
from task_phrases.lengths import LengthPhrase, find_durations, find_reminders
from task_phrases.lists import find_list
from task_phrases.patterns import Match, rx
from task_phrases.quotes import show_quotes, unquote
from task_phrases.repeats import RepeatPhrase, find_repeat, first_due

TAG: Final = re.compile(r"(?<!\S)#(?=\w*[^\W\d])([\w-]+)")
_TAGGED: Final = rx(
    r",? (?:and )?(?:tag(?:ged)?(?: it)?(?: as| with)?|with (?:the )?tags?):? #?(?P<tag>[\w-]+)\s*$"
)
# A run of separators is tried only from its start; trying from each of its characters is quadratic.
_NOTES: Final = rx(
    r"(?<![\s,;(])[\s,;(]+(?:with|and)(?: add)?(?: a| the)? notes?(?: that| saying)? ?:? "
    r"(?P<notes>.+?)\)?\s*$"
)
_NOTES_COLON: Final = rx(r"(?<![\s,;(-])[\s,;(-]+notes?\s*:\s*(?P<notes>.+?)\)?\s*$")
# "Call mom tomorrow about the party on saturday": the later date is the party's.
_ABOUT: Final = rx(r"\b(?:about|regarding|concerning|for the|from)\b")
_LEVEL: Final = (
    r"(?P<level>high(?:est)?|top|urgent|critical|important|medium|normal|low(?:est)?|no)"
)
_MARKED: Final = rx(
    r"(?<!\S)(?:!+(?P<bang>high|medium|low|urgent)\b|p(?P<rank>[1-4])(?=\s*$|[,.]| )|(?P<bangs>!{2,3})(?=\s|$))"
)
_SPOKEN: Final = rx(
    rf"(?<![\s,(])[\s,(]*\b(?:(?:with|as|at|of|and|set to|it's|make it) )?(?:a )?(?:{_LEVEL}[\s-]priority|priority\s*:?\s*{_LEVEL.replace('level', 'level2')})\b\)?"
)
_EDGE_START: Final = rx(
    r"^\s*(?:(?:an? )?(?P<level>urgent|important|critical) (?=(?:task|to-?do|item|reminder)\b)"
    r"|(?P<level2>urgent(?:ly)?) |(?P<level3>urgent|important|high|critical) ?[:,-]+ ?)"
)
_EDGE_END: Final = rx(
    r"(?r)(?:[\s,(-]+(?:(?:it's|this is|as) )?(?P<level>urgent(?:ly)?|asap)|[,(-]\s*(?P<level2>(?:very )?important))[!)\s]*$"
)
_STRAY: Final = " \t\n,;:-\u2013"
_LEVELS: Final[dict[str, Priority]] = {
    "h": "high", "t": "high", "u": "high", "c": "high", "i": "high", "a": "high", "v": "high",
    "m": "medium", "l": "low",
}  # fmt: skip
# Levels whose first letter isn't unique.
_NAMED_LEVELS: Final[dict[str, Priority]] = {"no": "none", "normal": "medium"}
_RANKS: Final[dict[str, Priority]] = {"1": "high", "2": "medium", "3": "low", "4": "none"}


@dataclass(frozen=True, slots=True)
class Details:
    """The details extracted from a phrase, and the remaining text."""

    text: str
    when: ResolvedDate | None = None
    has_list: bool = False
    list_name: str | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    repeat: RepeatPhrase | None = None
    reminders: tuple[int, ...] = ()
    duration_minutes: int | None = None

    @property
    def due(self) -> DueDate | None:
        """The due date in the phrase."""
        return to_due(self.when)


def to_due(when: ResolvedDate | None) -> DueDate | None:
    """Return a task's due date for a date phrase."""
    if when is None or (when.at is None and when.day is None):
        return None
    return DueDate(at=when.at, only_time=when.only_time) if when.at else DueDate(day=when.day)


def take_details(text: str, clock: Clock, *, prefer_first_date: bool = False) -> Details:
    """Split a phrase into its details and the rest, usually a title.

    Args:
        prefer_first_date: of two different days, the first is the due date ("remind me tomorrow to
            book the hotel for next friday"), not the last.
    """
    rest, notes = text, None
    match = find_notes(text)
    if match is not None:
        rest, notes = text[: match.start()], unquote(match["notes"])
    rest, reminders = _take_lengths(rest, find_reminders(rest))
    repeat = find_repeat(rest, clock)
    for start, end in reversed(repeat.spans if repeat else ()):
        rest = cut(rest, start, end)
    rest, taken = _take_strong_dates(rest, clock, prefer_first=prefer_first_date)
    rest, durations = _take_lengths(rest, find_durations(rest))
    found = find_list(rest)
    if found:
        rest = cut(rest, found.start, found.end)
    rest, tags = take_tags(rest)
    rest, priority = take_priority(rest)
    rest, taken = _take_last_date(rest, taken, clock)
    return Details(
        text=tidy(rest),
        when=_first_date(repeat, taken, clock),
        has_list=found is not None,
        list_name=found.name if found else None,
        priority=priority,
        tags=tags,
        notes=notes,
        repeat=repeat,
        reminders=tuple(dict.fromkeys(reminders)),
        duration_minutes=durations[-1] if durations else None,
    )


def take_dates(text: str, clock: Clock) -> Details:
    """Split a phrase into its date and the rest, ignoring other details."""
    rest, taken = _take_strong_dates(text, clock, prefer_first=False)
    rest, taken = _take_last_date(rest, taken, clock)
    return Details(tidy(rest), join_dates(taken, clock) if taken else None)


def tidy(text: str) -> str:
    """Remove stray separators at the ends of a text, and double spaces."""
    once = re.sub(r"[^\S\n]{2,}", " ", text).strip().lstrip(f".{_STRAY}")
    if once.endswith(".") and not once.endswith(".."):
        return once[:-1]
    return once.rstrip(_STRAY)


def find_notes(text: str) -> Match | None:
    """Return the notes behind a title, as the group `notes`: "call mom, notes: her birthday"."""
    match = _NOTES_COLON.search(text) or _NOTES.search(text)
    return match if match is not None and text[: match.start()].strip() else None


def find_priority(text: str) -> tuple[Match, Priority] | None:
    """Return the phrase that sets a priority: "urgent", "high priority", "!high", "p1"."""
    for pattern in (_MARKED, _SPOKEN, _EDGE_START, _EDGE_END):
        match = pattern.search(text)
        if match:
            words = match.groupdict()
            levels = ("bang", "level", "level2", "level3")
            level = next(filter(None, map(words.get, levels)), "high").lower()
            rank = _RANKS.get(words.get("rank") or "")
            return match, _NAMED_LEVELS.get(level) or rank or _LEVELS[level[0]]
    return None


def take_priority(text: str) -> tuple[str, Priority | None]:
    """Split a text into the rest and its priority: "urgent", "high priority", "!high", "p1"."""
    found = find_priority(text)
    if found is None:
        return text, None
    match, priority = found
    return cut(text, match.start(), match.end()), priority


def take_tags(text: str) -> tuple[str, tuple[str, ...]]:
    """Split a text into the rest and its tags: "#home", or "tagged home" at the end."""
    tags = [show_quotes(tag) for tag in TAG.findall(text)]
    rest = tidy(TAG.sub(" ", text)) if tags else text
    match = _TAGGED.search(rest)
    if match and rest[: match.start()].strip():
        tags.append(match["tag"])
        rest = rest[: match.start()]
    return rest, tuple(dict.fromkeys(tags))


def cut(text: str, start: int, end: int) -> str:
    """Remove a part of a text, and the white space around it."""
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()


def choose_dates(text: str, clock: Clock, *, prefer_first: bool = False) -> list[DatePhrase]:
    """Return the phrases of a text that are its due date, in order: at most one day and one time."""
    strong = [phrase for phrase in find_dates(text, clock) if phrase.is_strong]
    if len(strong) > 1 and _ABOUT.search(text, strong[0].end, strong[-1].start):
        prefer_first = True
    chosen: list[DatePhrase] = []
    for phrase in strong if prefer_first else reversed(strong):
        if not chosen or _adds_time(chosen, phrase):
            chosen.append(phrase)
    return sorted(chosen, key=lambda phrase: phrase.start)


def find_ending_date(text: str, taken: list[DatePhrase], clock: Clock) -> DatePhrase | None:
    """Return a weak phrase that ends the text ("dentist friday"), if the taken ones lack it."""
    stripped = text.rstrip(" .!,;")
    phrases = find_dates(stripped, clock)
    if not phrases or phrases[-1].end < len(stripped):
        return None
    last = phrases[-1]
    if last.keeps_text or last.is_strong or (taken and not _adds_time(taken, last)):
        return None
    return last


def _take_lengths(text: str, phrases: list[LengthPhrase]) -> tuple[str, list[int]]:
    for phrase in reversed(phrases):
        text = cut(text, phrase.start, phrase.end)
    return text, [phrase.minutes for phrase in phrases]


def _first_date(
    repeat: RepeatPhrase | None, taken: list[DatePhrase], clock: Clock
) -> ResolvedDate | None:
    """Return the due date; a repetition without a day begins on its first one."""
    has_day = any(part.first or part.instant for phrase in taken for part in phrase.fragments)
    if repeat is not None and not has_day:
        return first_due(repeat, taken, clock)
    return join_dates(taken, clock) if taken else None


def _take_strong_dates(
    text: str, clock: Clock, *, prefer_first: bool
) -> tuple[str, list[DatePhrase]]:
    chosen = choose_dates(text, clock, prefer_first=prefer_first)
    for phrase in reversed(chosen):
        if not phrase.keeps_text:
            text = cut(text, phrase.start, phrase.end)
    return text, chosen


def _take_last_date(
    text: str, taken: list[DatePhrase], clock: Clock
) -> tuple[str, list[DatePhrase]]:
    last = find_ending_date(text, taken, clock)
    if last is None:
        return text, taken
    return cut(text, last.start, last.end), [last, *taken]


def _adds_time(taken: list[DatePhrase], new: DatePhrase) -> bool:
    """Return whether the phrases still name at most one day and one time."""
    phrases = (*taken, new)
    days = [phrase for phrase in phrases if any(part.first for part in phrase.fragments)]
    times = [
        phrase
        for phrase in phrases
        if any(part.wall or part.day_part or part.instant for part in phrase.fragments)
    ]
    return len(days) <= 1 and len(times) <= 1

"""Takes the details out of a phrase: due date, list, priority, tags and notes; a title is left."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.date_fragments import ResolvedDate
from offline_assistant.dates import DatePhrase, find_dates, join_dates
from offline_assistant.grammar.lists import find_list
from offline_assistant.grammar.quotes import show_quotes, unquote
from offline_assistant.intents import DueDate, Priority
from offline_assistant.patterns import Match, Pattern, rx

_TAG: Final = re.compile(r"(?<!\S)#(?=\w*[^\W\d])([\w-]+)")
_TAGGED: Final = rx(
    r",? (?:and )?(?:tag(?:ged)?(?: it)?(?: as| with)?|with (?:the )?tags?):? #?(?P<tag>[\w-]+)\s*$"
)
# A run of separators is tried once, from its start: from each of its characters would be quadratic.
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
_RANKS: Final[dict[str, Priority]] = {"1": "high", "2": "medium", "3": "low", "4": "none"}


@dataclass(frozen=True, slots=True)
class Details:
    """What was taken out of a phrase, and the text that is left."""

    text: str
    when: ResolvedDate | None = None
    has_list: bool = False
    list_name: str | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None

    @property
    def due(self) -> DueDate | None:
        """The due date that the phrase names."""
        return to_due(self.when)


def to_due(when: ResolvedDate | None) -> DueDate | None:
    """Return the due date that a date phrase means for a task."""
    if when is None or (when.at is None and when.day is None):
        return None
    return DueDate(at=when.at) if when.at else DueDate(day=when.day)


def take_details(text: str, clock: Clock, *, prefer_first_date: bool = False) -> Details:
    """Split a phrase into its details and what is left of it, usually a title.

    Args:
        prefer_first_date: of two different days the first is the due date ("remind me tomorrow to
            book the hotel for next friday"), not the last.
    """
    rest, notes = _take_notes(text)
    rest, taken = _take_strong_dates(rest, clock, prefer_first=prefer_first_date)
    found = find_list(rest)
    if found:
        rest = cut(rest, found.start, found.end)
    rest, tags = _take_tags(rest)
    rest, priority = take_priority(rest)
    rest, taken = _take_last_date(rest, taken, clock)
    return Details(
        text=tidy(rest),
        when=join_dates(taken, clock) if taken else None,
        has_list=found is not None,
        list_name=found.name if found else None,
        priority=priority,
        tags=tags,
        notes=notes,
    )


def take_dates(text: str, clock: Clock, *, prefer_first: bool = False) -> Details:
    """Split a phrase into its date alone and what is left of it."""
    rest, taken = _take_strong_dates(text, clock, prefer_first=prefer_first)
    rest, taken = _take_last_date(rest, taken, clock)
    return Details(tidy(rest), join_dates(taken, clock) if taken else None)


def tidy(text: str) -> str:
    """Return a text without stray separators at its ends and double spaces inside."""
    once = re.sub(r"[^\S\n]{2,}", " ", text).strip().lstrip(f".{_STRAY}")
    if once.endswith(".") and not once.endswith(".."):
        return once[:-1]
    return once.rstrip(_STRAY)


def take_priority(text: str) -> tuple[str, Priority | None]:
    """Take "urgent", "high priority" or "!high" out of a text."""
    readers: tuple[tuple[Pattern, Callable[[Match], Priority]], ...] = (
        (_MARKED, _marked_priority),
        (_SPOKEN, _spoken_priority),
        (_EDGE_START, _spoken_priority),
        (_EDGE_END, _spoken_priority),
    )
    for pattern, read in readers:
        match = pattern.search(text)
        if match:
            return cut(text, match.start(), match.end()), read(match)
    return text, None


def _marked_priority(match: Match) -> Priority:
    if match["rank"]:
        return _RANKS[match["rank"]]
    return _LEVELS[match["bang"][0].lower()] if match["bang"] else "high"


def _spoken_priority(match: Match) -> Priority:
    levels = (word for name, word in match.groupdict().items() if name.startswith("level"))
    word = next(filter(None, levels)).lower()
    if word == "no":
        return "none"
    return "medium" if word == "normal" else _LEVELS[word[0]]


def _take_notes(text: str) -> tuple[str, str | None]:
    match = _NOTES_COLON.search(text) or _NOTES.search(text)
    if match is None or not text[: match.start()].strip():
        return text, None
    return text[: match.start()], unquote(match["notes"])


def _take_tags(text: str) -> tuple[str, tuple[str, ...]]:
    tags = [show_quotes(tag) for tag in _TAG.findall(text)]
    rest = tidy(_TAG.sub(" ", text)) if tags else text
    match = _TAGGED.search(rest)
    if match and rest[: match.start()].strip():
        tags.append(match["tag"])
        rest = rest[: match.start()]
    return rest, tuple(dict.fromkeys(tags))


def _take_strong_dates(
    text: str, clock: Clock, *, prefer_first: bool
) -> tuple[str, list[DatePhrase]]:
    strong = [phrase for phrase in find_dates(text, clock) if phrase.is_strong]
    if len(strong) > 1 and _ABOUT.search(text, strong[0].end, strong[-1].start):
        prefer_first = True
    chosen: list[DatePhrase] = []
    for phrase in strong if prefer_first else reversed(strong):
        if not chosen or _adds_time(chosen, phrase):
            chosen.append(phrase)
    chosen.sort(key=lambda phrase: phrase.start)
    for phrase in reversed(chosen):
        if not phrase.keeps_text:
            text = cut(text, phrase.start, phrase.end)
    return text, chosen


def _take_last_date(
    text: str, taken: list[DatePhrase], clock: Clock
) -> tuple[str, list[DatePhrase]]:
    """Take a weak phrase too if it ends the text: "dentist friday"."""
    phrases = find_dates(text.rstrip(" .!,;"), clock)
    if not phrases or phrases[-1].end < len(text.rstrip(" .!,;")):
        return text, taken
    last = phrases[-1]
    if last.keeps_text or last.is_strong or (taken and not _adds_time(taken, last)):
        return text, taken
    return cut(text, last.start, last.end), [last, *taken]


def _adds_time(taken: list[DatePhrase], phrase: DatePhrase) -> bool:
    """Whether one phrase names a day and the other only a time."""
    days = [any(p.first for p in one.fragments) for one in (*taken, phrase)]
    times = [
        any(p.wall or p.day_part or p.instant for p in one.fragments) for one in (*taken, phrase)
    ]
    return sum(days) <= 1 and sum(times) <= 1


def cut(text: str, start: int, end: int) -> str:
    """Return a text without a stretch of it, and without the white space around that."""
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()

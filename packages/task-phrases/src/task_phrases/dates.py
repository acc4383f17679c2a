"""Finds date phrases in a sentence and resolves them to a moment or to days.

A phrase is a run of adjacent fragments ("next friday" + "at" "5pm"). Everything is resolved against
one `Clock`, so a sentence has the same meaning whenever and wherever it is read again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from task_phrases.clock import Clock
from task_phrases.date_fragments import (
    MIDNIGHT,
    DateFragment,
    DatePattern,
    ResolvedDate,
    WallTime,
)
from task_phrases.day_patterns import DAY_PATTERNS
from task_phrases.time_patterns import TIME_PATTERNS

_PATTERNS = (*DAY_PATTERNS, *TIME_PATTERNS)
MAX_PHRASES: Final = 20
_BETWEEN = re.compile(r"[\s,]*(?:and\s+)?", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['\u2019\u02bc]s\b")


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A part of a sentence that names a time.

    Attributes:
        is_strong: a date wherever it is; a weak one may be part of a title.
        keeps_text: the words stay in the title ("tomorrow's", "from 8 to 12").
    """

    start: int
    end: int
    when: ResolvedDate
    fragments: tuple[DateFragment, ...]
    is_strong: bool
    keeps_text: bool


@dataclass(frozen=True, slots=True)
class _FragmentMatch:
    start: int
    end: int
    pattern: DatePattern
    fragment: DateFragment


def find_dates(text: str, clock: Clock) -> list[DatePhrase]:
    """Return the first `MAX_PHRASES` date phrases of a text, in order and without overlaps."""
    groups: list[list[_FragmentMatch]] = []
    for match in _find_fragments(text, clock):
        if (
            groups
            and _BETWEEN.fullmatch(text[groups[-1][-1].end : match.start])
            and _fits([other.fragment for other in groups[-1]], match.fragment)
        ):
            groups[-1].append(match)
        elif len(groups) == MAX_PHRASES:
            break
        else:
            groups.append([match])
    phrases = []
    for group in groups:
        fragments = tuple(match.fragment for match in group)
        when = _combine(fragments, clock)
        if when is None or all(match.pattern.needs_neighbour for match in group):
            continue
        start, end = group[0].start, group[-1].end
        is_strong = len(group) > 1 or group[0].pattern.is_strong
        is_possessive = _POSSESSIVE.match(text, end) is not None
        keeps_text = is_possessive or any(match.pattern.keeps_text for match in group)
        phrases.append(DatePhrase(start, end, when, fragments, is_strong, keeps_text))
    return phrases


def read_date(text: str, clock: Clock) -> ResolvedDate | None:
    """Resolve a text that is one date phrase and nothing else; None for any other text."""
    phrases = find_dates(text, clock)
    if not phrases:
        return None
    rest = text[: phrases[0].start] + text[phrases[-1].end :]
    if len(phrases) > 1 or re.search(r"\w", rest):
        return None
    return phrases[0].when


def names_day(text: str, clock: Clock) -> bool:
    """Return whether a text names a day or an unambiguous time; "by four" is ambiguous."""
    fragments = [part for phrase in find_dates(text, clock) for part in phrase.fragments]
    return any(
        part.first or part.instant or part.repeats or (part.wall and not part.wall.is_ambiguous)
        for part in fragments
    )


def join_dates(phrases: Sequence[DatePhrase], clock: Clock) -> ResolvedDate | None:
    """Join the phrases of a sentence: the last day named, at the last time named."""
    fragments: list[DateFragment] = []
    for phrase in phrases:
        if not all(_fits(fragments, fragment) for fragment in phrase.fragments):
            fragments = []
        fragments.extend(phrase.fragments)
    return _combine(fragments, clock)


def _find_fragments(text: str, clock: Clock) -> Iterator[_FragmentMatch]:
    """Yield fragments from the left; of several that start together, the longest."""
    candidates = [
        (match.start(), -match.end(), index, match)
        for index, pattern in enumerate(_PATTERNS)
        for match in pattern.pattern.finditer(text)
    ]
    position = 0
    for start, negative_end, index, match in sorted(candidates, key=lambda found: found[:3]):
        if start < position:
            continue
        fragment = _PATTERNS[index].read(match, clock)
        if fragment is not None:
            position = -negative_end
            yield _FragmentMatch(start, position, _PATTERNS[index], fragment)


def _fits(fragments: Sequence[DateFragment], new: DateFragment) -> bool:
    """Return whether a fragment extends a phrase; a second day or time starts another phrase."""
    if new.instant or any(fragment.instant for fragment in fragments):
        return False
    if new.wall and any(fragment.wall for fragment in fragments):
        return False
    days = [fragment for fragment in fragments if fragment.first]
    if new.first and days:
        return new.is_exact_day != days[0].is_exact_day or new.repeats or days[0].repeats
    return True


def _combine(fragments: Sequence[DateFragment], clock: Clock) -> ResolvedDate | None:
    repeats = any(fragment.repeats for fragment in fragments)
    instant = next((fragment.instant for fragment in fragments if fragment.instant), None)
    if instant:
        return ResolvedDate(instant.date(), instant.date(), instant, repeats)
    days = [fragment for fragment in fragments if fragment.first]
    named = next(
        (fragment for fragment in days if fragment.is_exact_day), days[0] if days else None
    )
    day_part = next((fragment.day_part for fragment in fragments if fragment.day_part), None)
    wall = next((fragment.wall for fragment in fragments if fragment.wall), None)
    resolved = wall.in_day_part(day_part) if wall else None
    if resolved is None and day_part is not None:
        resolved = WallTime.at_start_of(day_part)
    if resolved is not None:
        at = _next_moment(named, resolved, clock, repeats=repeats)
        if at <= clock.now and wall is None:
            return ResolvedDate(at.date(), at.date(), None, repeats)  # "tonight", late at night
        only_time = None
        if named is None and resolved.hour != MIDNIGHT:
            only_time = resolved.exact()
        return ResolvedDate(at.date(), at.date(), at, repeats, only_time=only_time)
    if named is not None:
        return ResolvedDate(named.first, named.last, None, repeats, named.due_day)
    return ResolvedDate(repeats=True) if repeats else None


def _next_moment(
    named: DateFragment | None, wall: WallTime, clock: Clock, *, repeats: bool
) -> datetime:
    """Return a time on the named day, or the next such time; a past time of today moves on."""
    tomorrow = clock.today + timedelta(days=1)
    day = (named.due_day or named.first or clock.today) if named else clock.today
    at = _moment(day, wall, clock)
    if at > clock.now or day != clock.today:
        return at
    later = _moment(day, wall.later(), clock)
    if named is None:
        return later if later > clock.now else _moment(tomorrow, wall, clock)
    return _moment(tomorrow, wall, clock) if repeats else later


def _moment(day: date, wall: WallTime, clock: Clock) -> datetime:
    if wall.hour == MIDNIGHT:
        return clock.at(day + timedelta(days=1), time())
    return clock.at(day, wall.exact())

"""Finds date phrases in a sentence and says which moment or days they mean to the user.

A phrase is a run of pieces side by side ("next friday" + "at" "5pm"). Everything is read against
one `Clock`, so a sentence means the same whenever and wherever it is read again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final

from offline_assistant.clock import Clock
from offline_assistant.date_parts import MIDNIGHT, DateFragment, DatePattern, WallTime, When
from offline_assistant.day_pieces import DAY_PIECES
from offline_assistant.time_pieces import TIME_PIECES

_PIECES = (*DAY_PIECES, *TIME_PIECES)
MAX_PHRASES: Final = 20
_BETWEEN = re.compile(r"[\s,]*(?:and\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """A stretch of a sentence that names a time.

    Attributes:
        is_strong: it means a date wherever it stands; a weak one may be part of a title.
        keeps_text: a title has to keep the words ("tomorrow's", "from 8 to 12").
    """

    start: int
    end: int
    when: When
    parts: tuple[DateFragment, ...]
    is_strong: bool
    keeps_text: bool


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    piece: DatePattern
    part: DateFragment


def find_dates(text: str, clock: Clock) -> list[DatePhrase]:
    """Return the date phrases of a text, in order and without overlaps; of very many the first."""
    groups = islice(_neighbours(text, _pieces(text, clock)), MAX_PHRASES)
    phrases = (_phrase(text, group, clock) for group in groups)
    return [phrase for phrase in phrases if phrase is not None]


def _phrase(text: str, group: Sequence[_Found], clock: Clock) -> DatePhrase | None:
    parts = tuple(found.part for found in group)
    when = _combine(parts, clock)
    if when is None or all(found.piece.needs_company for found in group):
        return None
    start, end = group[0].start, group[-1].end
    return DatePhrase(
        start,
        end,
        when,
        parts,
        is_strong=len(group) > 1 or any(found.piece.is_strong for found in group),
        keeps_text=_is_possessive(text, end) or any(f.piece.keeps_text for f in group),
    )


def _is_possessive(text: str, end: int) -> bool:
    return re.match(r"['\u2019\u02bc]s\b", text[end:]) is not None


def read_date(text: str, clock: Clock) -> When | None:
    """Return what a text means that is a date phrase and nothing else; None if it is not."""
    phrases = find_dates(text, clock)
    if not phrases:
        return None
    rest = text[: phrases[0].start] + text[phrases[-1].end :]
    if len(phrases) > 1 or re.search(r"\w", rest):
        return None
    return phrases[0].when


def names_day(text: str, clock: Clock) -> bool:
    """Whether a text names a day or an unmistakable time; "by four" is not one."""
    parts = [part for phrase in find_dates(text, clock) for part in phrase.parts]
    return any(
        part.first or part.instant or part.repeats or (part.wall and not part.wall.is_ambiguous)
        for part in parts
    )


def _pieces(text: str, clock: Clock) -> Iterator[_Found]:
    """Yield the pieces, the leftmost first and the longest where several begin together."""
    candidates = [
        (match.start(), -match.end(), index, match)
        for index, piece in enumerate(_PIECES)
        for match in piece.pattern.finditer(text)
    ]
    position = 0
    for start, negative_end, index, match in sorted(candidates, key=lambda found: found[:3]):
        if start < position:
            continue
        part = _PIECES[index].read(match, clock)
        if part is not None:
            position = -negative_end
            yield _Found(start, position, _PIECES[index], part)


def _neighbours(text: str, pieces: Iterable[_Found]) -> Iterator[list[_Found]]:
    group: list[_Found] = []
    for found in pieces:
        gap = text[group[-1].end : found.start] if group else ""
        if group and (
            not _BETWEEN.fullmatch(gap) or not _fits([f.part for f in group], found.part)
        ):
            yield group
            group = []
        group.append(found)
    if group:
        yield group


def _fits(parts: Sequence[DateFragment], new: DateFragment) -> bool:
    """Whether a piece adds something new: a second day or time starts another phrase."""
    if new.instant or any(part.instant for part in parts):
        return False
    if new.wall and any(part.wall for part in parts):
        return False
    days = [part for part in parts if part.first]
    if new.first and days:
        return new.is_exact_day != days[0].is_exact_day or new.repeats or days[0].repeats
    return True


def join_dates(phrases: Sequence[DatePhrase], clock: Clock) -> When | None:
    """Join the phrases of one sentence: the last day that is named, at the last time."""
    parts: list[DateFragment] = []
    for phrase in phrases:
        if not all(_fits(parts, part) for part in phrase.parts):
            parts = []
        parts.extend(phrase.parts)
    return _combine(parts, clock)


def _combine(parts: Sequence[DateFragment], clock: Clock) -> When | None:
    repeats = any(part.repeats for part in parts)
    instant = next((part.instant for part in parts if part.instant), None)
    if instant:
        return When(instant.date(), instant.date(), instant, repeats)
    days = [part for part in parts if part.first]
    named = next((part for part in days if part.is_exact_day), days[0] if days else None)
    wall = _wall_time(parts)
    if wall is not None:
        at = _on_day(named, wall, clock, repeats=repeats) if named else _next_time(wall, clock)
        if at <= clock.now and not any(part.wall for part in parts):
            return When(at.date(), at.date(), None, repeats)  # "tonight", said late at night
        return When(at.date(), at.date(), at, repeats)
    if named is not None:
        return When(named.first, named.last, None, repeats, named.due_day)
    return When(repeats=True) if repeats else None


def _wall_time(parts: Sequence[DateFragment]) -> WallTime | None:
    day_part = next((part.day_part for part in parts if part.day_part), None)
    wall = next((part.wall for part in parts if part.wall), None)
    if wall is not None:
        return wall.within(day_part)
    return WallTime.at_start_of(day_part) if day_part else None


def _on_day(named: DateFragment, wall: WallTime, clock: Clock, *, repeats: bool) -> datetime:
    day = named.due_day or named.first or clock.today
    at = _moment(day, wall, clock)
    if day != clock.today or at > clock.now:
        return at
    return (
        _moment(day + timedelta(days=1), wall, clock)
        if repeats
        else _moment(day, wall.later(), clock)
    )


def _next_time(wall: WallTime, clock: Clock) -> datetime:
    tomorrow = clock.today + timedelta(days=1)
    choices = [(clock.today, wall), (clock.today, wall.later()), (tomorrow, wall)]
    moments = [_moment(day, reading, clock) for day, reading in choices]
    return next((at for at in moments if at > clock.now), moments[-1])


def _moment(day: date, wall: WallTime, clock: Clock) -> datetime:
    if wall.hour == MIDNIGHT:
        return clock.at(day + timedelta(days=1), time())
    return clock.at(day, wall.exact())

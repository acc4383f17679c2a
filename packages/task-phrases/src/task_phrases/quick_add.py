"""Reads one line as one task: "Pay plumber tomorrow 3pm p1 #home @work every month"."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from task_phrases.clock import Clock
from task_phrases.date_fragments import ResolvedDate
from task_phrases.dates import join_dates
from task_phrases.details import (
    choose_dates,
    find_ending_date,
    find_notes,
    find_priority,
    tidy,
    to_due,
)
from task_phrases.due_date import DueDate, Priority
from task_phrases.lengths import LengthPhrase, find_durations, find_reminders
from task_phrases.lists import find_list
from task_phrases.patterns import rx
from task_phrases.quotes import hide_quotes, is_hidden, show_quotes, unquote
from task_phrases.repeats import RepeatPhrase, find_repeat, first_due

PartKind = Literal["due", "repeat", "priority", "list", "tag", "duration", "reminder", "notes"]
_SIGN: Final = re.compile(r"(?<![^\s,;(])([#@])(?=\S)")
_WORD: Final = re.compile(r"(?=[\w-]*[^\W\d_])[\w-]+")
# Where a date was cut out in front of a punctuation mark ("ship it today!").
_GAP: Final = re.compile(r"\s{2,}(?=[!?.,;:)])")
# What was read before is two spaces or more. Punctuation at either end belongs to no part.
_PIECE: Final = re.compile(r"[^\s,;()](?:\S|\s(?=\S))*(?<![\s,;)])")
_STARTING: Final = rx(r"(?r)\b(?:starting|beginning) $")
_SPACE: Final = " "


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the text, and what it was understood as; positions count code points."""

    kind: PartKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QuickTask:
    """A task as one line describes it.

    Attributes:
        title: what is left of the text; the whole text if nothing is.
        list_name: the name of a list as the user has it, or a new name.
        reminders: minutes before the task is due.
        parts: in the order of the text.
    """

    title: str
    due: DueDate | None = None
    repeat: RepeatPhrase | None = None
    priority: Priority | None = None
    list_name: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    duration_minutes: int | None = None
    reminders: tuple[int, ...] = ()
    parts: tuple[Part, ...] = ()


def read_quick_add(text: str, clock: Clock, list_names: Iterable[str] = ()) -> QuickTask:
    """Read a line as a task.

    "#name" is a list if the user has one of that name, otherwise a tag; "@name" is a tag, unless
    only a list has that name. Quoted text is never read.

    Args:
        list_names: the user's lists.

    Raises:
        TimeoutError: the time limit of `time_limit` has passed.
    """
    reader = _LineReader(text, clock, list_names)
    return reader.read()


class _LineReader:
    """Reads one line; each understood part is masked by spaces, so that positions stay valid."""

    def __init__(self, text: str, clock: Clock, list_names: Iterable[str]) -> None:
        self._original = text
        self._clock = clock
        self._lists = {name.casefold(): name for name in list_names}
        # Patterns match single spaces: runs of white space collapse, with a map back to the text.
        matches = [match for match in re.finditer(r"\s+|\S", text) if not is_hidden(match.group())]
        self._positions = [match.start() for match in matches]
        self._ends = [match.end() for match in matches]
        self._text = hide_quotes(
            "".join(_SPACE if m.group().isspace() else m.group() for m in matches)
        )
        self._kept = list(self._text)
        self._parts: list[Part] = []

    def read(self) -> QuickTask:
        """Read all details; order matters, since a phrase may contain words of another one."""
        notes = self._read_notes()
        list_name, tags = self._read_signs()
        reminders = self._read_lengths(find_reminders, "reminder")
        repeat = find_repeat(self._text, self._clock)
        for start, end in repeat.spans if repeat else ():
            self._take("repeat", start, end)
        when = self._read_dates(repeat)
        durations = self._read_lengths(find_durations, "duration")
        if list_name is None and (found := find_list(self._text)):
            self._take("list", found.start, found.end)
            list_name = self._lists.get((found.name or "").casefold(), found.name)
        priority = None
        if marked := find_priority(self._text):
            self._take("priority", marked[0].start(), marked[0].end())
            priority = marked[1]
        title = unquote(tidy(_GAP.sub("", "".join(self._kept))))
        if not re.search(r"\w", title):
            return QuickTask(title=self._original.strip())
        return QuickTask(
            title=title,
            due=to_due(when),
            repeat=repeat,
            priority=priority,
            list_name=list_name,
            tags=tags,
            notes=notes,
            duration_minutes=durations[-1] if durations else None,
            reminders=tuple(dict.fromkeys(reminders)),
            parts=tuple(sorted(self._parts, key=lambda part: part.start)),
        )

    def _take(self, kind: PartKind, start: int, end: int, *, keeps_text: bool = False) -> None:
        """Record a phrase, without the white space around it, and hide it from later readers.

        A phrase that encloses a part that was read before ("before #home 10") yields two parts.
        """
        for piece in _PIECE.finditer(self._text, start, end):
            self._parts.append(
                Part(kind, self._positions[piece.start()], self._ends[piece.end() - 1])
            )
        blank = _SPACE * (end - start)
        self._text = self._text[:start] + blank + self._text[end:]
        if not keeps_text:
            self._kept[start:end] = blank

    def _read_notes(self) -> str | None:
        match = find_notes(self._text)
        if match is None:
            return None
        self._take("notes", match.start(), match.end())
        return unquote(match["notes"])

    def _read_signs(self) -> tuple[str | None, tuple[str, ...]]:
        """Read "#name" and "@name" as a list and tags."""
        list_name, tags = None, []
        for match in _SIGN.finditer(self._text):
            start = match.end()
            known = self._known_list_at(start)
            word = _WORD.match(self._text, start)
            if known and (match[1] == "#" or not word):
                list_name = known
                self._take("list", match.start(), start + len(known))
            elif word:
                tags.append(show_quotes(word.group()))
                self._take("tag", match.start(), word.end())
        return list_name, tuple(dict.fromkeys(tags))

    def _known_list_at(self, start: int) -> str | None:
        """Return the user's list of the longest name that stands at a position."""
        rest = show_quotes(self._text[start:]).casefold()
        named = [
            name
            for key, name in self._lists.items()
            if rest.startswith(key) and not re.match(r"[\w-]", rest[len(key) : len(key) + 1])
        ]
        return max(named, key=len, default=None)

    def _read_lengths(self, find: Callable[[str], list[LengthPhrase]], kind: PartKind) -> list[int]:
        """Read lengths of time, in minutes."""
        found = find(self._text)
        for phrase in found:
            self._take(kind, phrase.start, phrase.end)
        return [phrase.minutes for phrase in found]

    def _read_dates(self, repeat: RepeatPhrase | None) -> ResolvedDate | None:
        """Read the due date; a repetition without one begins on its first day."""
        phrases = choose_dates(self._text, self._clock)
        for phrase in phrases:
            starting = _STARTING.search(self._text, 0, phrase.start)
            start = starting.start() if starting else phrase.start
            self._take("due", start, phrase.end, keeps_text=phrase.keeps_text)
        last = find_ending_date(self._text, phrases, self._clock)
        if last is not None:
            self._take("due", last.start, last.end)
            phrases = [*phrases, last]
        if repeat is None:
            return join_dates(phrases, self._clock) if phrases else None
        if any(part.first or part.instant for phrase in phrases for part in phrase.fragments):
            return join_dates(phrases, self._clock)
        return first_due(repeat, phrases, self._clock)

"""Todoist's dates, which are texts in many languages ("every monday at 9", "2026-12-01")."""

import re
import zoneinfo
from functools import lru_cache
from typing import Final

import msgspec

from task_phrases.time_limit import time_left, time_limit
from tasks_service.formats.file_content import FileContent, FileTask, ImportOptions
from tasks_service.formats.values import is_timezone, read_due
from todochat.contracts.tasks import Due, Repeat

# Characters of a phrase; longer ones aren't dates.
_MAX_PHRASE: Final = 100
_PHRASE_LIMIT_S: Final = 1.0  # CPU time
# Here "every 3rd friday" is that of a month; in this service's quick add, every third one.
_NTH_WEEKDAY: Final = re.compile(
    r"\b(every? (?:[1-5](?:st|nd|rd|th)|last) (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b(?! of)",
    re.IGNORECASE,
)
_SPACED_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{1,2}:\d{2})")
_ENGLISH: Final = ("", "en")


class TodoistDate(msgspec.Struct, frozen=True):
    """A date as a file has it.

    Attributes:
        text: what the user typed.
        date: ISO 8601, if the file has it.
        language: of the text.
    """

    text: str = ""
    date: str = ""
    language: str = ""
    timezone: str | None = None
    is_recurring: bool = False


class PhraseReader:
    """Reads phrases, each different one once."""

    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self.read = lru_cache(maxsize=1_000)(self._read)

    def _read(self, text: str, timezone: str) -> tuple[Due | None, Repeat | None]:
        # Takes 13 MB of memory, so a process that imports nothing does without.
        from task_phrases.calendar_dates import load_tables  # noqa: PLC0415
        from task_phrases.clock import Clock  # noqa: PLC0415
        from task_phrases.quick_add import read_quick_add  # noqa: PLC0415

        time_left()
        zone = zoneinfo.ZoneInfo(timezone)
        clock = Clock(self._options.now.astimezone(zone), zone, "en")
        load_tables()
        try:
            with time_limit(_PHRASE_LIMIT_S):
                found = read_quick_add("x " + _NTH_WEEKDAY.sub(r"\1 of the month", text), clock)
        except TimeoutError:
            return None, None
        if found.title != "x":
            return None, None
        due = None
        if found.due is not None:
            due = Due(date=found.due.day, at=found.due.at, timezone=timezone)
        repeat = None
        if found.repeat is not None:
            repeat = Repeat(
                rule=found.repeat.repeat.rule,
                base="completion" if found.repeat.from_completion else "due",
                until=found.repeat.until,
                count=found.repeat.count,
            )
        return due, repeat


def set_due(
    task: FileTask,
    date: TodoistDate,
    phrases: PhraseReader,
    options: ImportOptions,
    content: FileContent,
) -> None:
    """Set due date and repetition of a task; report what can't be read, and keep its text."""
    timezone = options.timezone
    if date.timezone and is_timezone(date.timezone):
        timezone = date.timezone
    text, iso = date.text.strip(), date.date.strip()
    if not (text or iso):
        return
    try:
        task.due = read_due(_SPACED_TIME.sub(_padded, iso or text), timezone)
    except ValueError:
        task.due = None
    is_date = task.due is not None and not date.is_recurring
    if is_date:
        return
    understood: tuple[Due | None, Repeat | None] = (None, None)
    if len(text) <= _MAX_PHRASE and date.language.lower()[:2] in _ENGLISH:
        understood = phrases.read(text, timezone)
    due, task.repeat = understood
    task.due = task.due or due
    if task.due is None or (date.is_recurring and task.repeat is None):
        kept = text or iso
        task.add_note(f"Date: {kept}")
        content.report(
            task.place, task.title, f'the date "{kept[:60]}" was not understood; it is in the notes'
        )


def _padded(matched: re.Match[str]) -> str:
    return f"{matched[1]}T{matched[2]:0>5}"

"""Makes what a file has fit the rules of this service, and reports what that takes away."""

import datetime as dt
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from tasks_service.domain.due import clean_due
from tasks_service.domain.limits import (
    MAX_DURATION_MINUTES,
    MAX_LIST_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_REMINDER_MINUTES,
    MAX_REMINDERS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
    MIN_DUE_YEAR,
)
from tasks_service.domain.reminder import clean_reminders
from tasks_service.domain.series import clean_repeat, fit_repeat
from tasks_service.domain.text import match_key
from tasks_service.formats.file_content import (
    FileContent,
    FileFilter,
    FileList,
    FileReminder,
    FileSection,
    FileTask,
    hash_key,
)
from todochat.contracts.tasks import Repeat
from todochat.errors import InvalidInputError

T = TypeVar("T")
Row = TypeVar("Row", FileFilter, FileList, FileSection, FileTask)

MAX_KEY_CHARS: Final = 200
_KEYS: Final = ("key", "list_key", "section_key", "parent_key", "series_key", "next_key")
_ELLIPSIS: Final = "…"
_UNPRINTABLE: Final = ("Cc", "Cs")


def fit_content(content: FileContent, now: dt.datetime) -> None:
    """Make everything fit; tasks without any title are skipped.

    Args:
        now: no time of creation or completion is later.
    """
    named: list[FileList | FileSection | FileFilter]
    named = [*content.lists, *content.sections, *content.filters]
    for entry in named:
        entry.name = fit_line(entry.name, MAX_LIST_NAME_CHARS) or "Untitled"
    for tag in content.tags:
        tag.name = fit_line(tag.name, MAX_TAG_CHARS)
    content.tags = [tag for tag in content.tags if tag.name]
    content.tasks = [task for task in content.tasks if fit_task(task, content, now)]
    content.lists = without_repeated(content.lists)
    content.sections = without_repeated(content.sections)
    content.filters = without_repeated(content.filters)
    tasks = without_repeated(content.tasks)
    kept = {id(task) for task in tasks}
    for task in content.tasks:
        if id(task) not in kept:
            reason = "has the same ID as a task before"
            content.report(task.place, task.title, reason, is_skipped=True)
    content.tasks = tasks


def without_repeated(rows: list[Row]) -> list[Row]:
    """Return the rows with different keys; of equal ones the first."""
    return list({row.key: row for row in reversed(rows)}.values())[::-1]


def fit_keys(content: FileContent) -> None:
    """Replace keys that are too long for an index, or that PostgreSQL rejects."""
    for row in (*content.lists, *content.sections, *content.filters, *content.tasks):
        for name in _KEYS:
            key = getattr(row, name, None)
            if key is not None and (len(key) > MAX_KEY_CHARS or not key.isprintable()):
                setattr(row, name, hash_key(key))


def fit_task(task: FileTask, content: FileContent, now: dt.datetime) -> bool:
    """Make a task fit; return False if it has no title."""

    def report(reason: str, *, is_skipped: bool = False) -> None:
        content.report(task.place, task.title, reason, is_skipped=is_skipped)

    fit_text(task, report)
    if not task.title:
        task.title = task.notes
        report("has no title", is_skipped=True)
        return False
    task.due = attempt(lambda: clean_due(task.due, pointer="due"), report)
    task.start = attempt(lambda: clean_due(task.start, pointer="start"), report)
    if task.repeat is not None:
        task.repeat = attempt(lambda: fit_repetition(task), report)
    minutes = task.duration_minutes
    if minutes is not None and not 1 <= minutes <= MAX_DURATION_MINUTES:
        report(f"the duration of {minutes} minutes was left out")
        task.duration_minutes = None
    fit_reminders(task, report)
    earliest = dt.datetime(MIN_DUE_YEAR, 1, 1, tzinfo=dt.UTC)
    task.created_at = task.created_at and min(max(task.created_at, earliest), now)
    task.completed_at = task.completed_at and min(max(task.completed_at, earliest), now)
    return True


def attempt(clean: Callable[[], T], report: Callable[[str], None]) -> T | None:
    """Return what a rule makes of a value; report it and return None if it breaks the rule."""
    try:
        return clean()
    except InvalidInputError as error:
        report(f"left out: {error.detail}")
        return None


def fit_repetition(task: FileTask) -> Repeat | None:
    """Return the repetition, from its due date.

    Raises:
        InvalidInputError: the rule is unsupported, or doesn't fit the due date.
    """
    if task.repeat is None:
        return None
    return fit_repeat(clean_repeat(task.repeat), task.due)


def fit_text(task: FileTask, report: Callable[[str], None]) -> None:
    """Make title, notes and tags fit; a title that is too long is kept in the notes."""
    title = fit_line(task.title, len(task.title) or 1)
    task.title = title
    if len(title) > MAX_TITLE_CHARS:
        task.title = title[: MAX_TITLE_CHARS - 1].rstrip() + _ELLIPSIS
        task.notes = f"{title}\n\n{task.notes}".strip()
        report("the title was shortened; it is complete in the notes")
    notes = "".join(
        " " if char == "\0" or unicodedata.category(char) == "Cs" else char for char in task.notes
    )
    task.notes = notes[:MAX_NOTES_CHARS]
    if len(notes) > MAX_NOTES_CHARS:
        report(f"{len(notes) - MAX_NOTES_CHARS} characters at the end of the notes were left out")
    tags: dict[str, str] = {}
    for tag in task.tags:
        if line := fit_line(tag, MAX_TAG_CHARS):
            tags.setdefault(match_key(line), line)
            if len(tag.strip()) > MAX_TAG_CHARS:
                report(f'the tag "{line}" was shortened')
    if len(tags) > MAX_TAGS:
        report(f"{len(tags) - MAX_TAGS} tags were left out")
    task.tags = list(tags.values())[:MAX_TAGS]


def fit_reminders(task: FileTask, report: Callable[[str], None]) -> None:
    """Make the reminders fit; one that is too early becomes an instant if that is known."""
    fitted = []
    for reminder in task.reminders:
        minutes = reminder.minutes_before
        if minutes is not None and not 0 <= minutes <= MAX_REMINDER_MINUTES:
            if task.due is None or task.due.at is None or abs(minutes) > MAX_DURATION_MINUTES:
                report(f"a reminder {minutes} minutes before was left out")
                continue
            reminder = FileReminder(at=task.due.at - dt.timedelta(minutes=minutes))  # noqa: PLW2901
        try:
            clean_reminders([reminder])
        except InvalidInputError as error:
            report(f"a reminder was left out: {error.detail}")
            continue
        fitted.append(reminder)
    unique = list(dict.fromkeys(fitted))
    if len(unique) > MAX_REMINDERS:
        report(f"{len(unique) - MAX_REMINDERS} reminders were left out")
    task.reminders = unique[:MAX_REMINDERS]


def fit_line(text: str, max_chars: int) -> str:
    """Return a line without control characters, cut to its limit; it may be empty."""
    printable = "".join(
        " " if unicodedata.category(char) in _UNPRINTABLE else char for char in text
    )
    return unicodedata.normalize("NFC", " ".join(printable.split()))[:max_chars].strip()


def flatten_subtasks(content: FileContent) -> None:
    """Make subtasks of subtasks subtasks of the topmost task; those without their parent are tasks.

    Subtasks are in the list and section of their parent.
    """
    by_key = {task.key: task for task in content.tasks}
    for task in content.tasks:
        if task.parent_key is None:
            continue
        top, passed = by_key.get(task.parent_key), {task.key}
        while top is not None and top.parent_key is not None and top.key not in passed:
            passed.add(top.key)
            top = by_key.get(top.parent_key)
        if top is None or top.key in passed:
            content.report(task.place, task.title, "became a task: its parent isn't in the file")
            top = None
        elif top.key != task.parent_key:
            content.report(task.place, task.title, "was nested deeper than one level")
        if top is not None:
            task.list_key, task.section_key = top.list_key, top.section_key
        task.parent_key = None if top is None else top.key

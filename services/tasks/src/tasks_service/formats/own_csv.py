"""This service's own CSV export, and any table with a column "title"."""

import datetime as dt
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from tasks_service.domain.task_csv import split_cell, text_of_cell
from tasks_service.domain.text import match_key
from tasks_service.formats.csv_rows import CsvRow, read_cell, read_rows
from tasks_service.formats.file_content import (
    OWN_SOURCE,
    FileContent,
    FileReminder,
    FileTag,
    FileTask,
    ImportOptions,
)
from tasks_service.formats.values import read_due, read_instant
from todochat.contracts.tasks import Color, Due, Priority, Repeat, RepeatFrom

WANTED: Final = {"title"}
T = TypeVar("T")


def read_own_csv(text: str, options: ImportOptions) -> FileContent:
    """Read a table; lists and sections are identified by their names.

    A list or a tag has the first colour that a row gives it.
    """
    content = FileContent(format="csv", source=OWN_SOURCE)
    list_colors, tags = dict[str, Color](), dict[str, FileTag]()
    for row in read_rows(text, WANTED):
        title, list_name = text_of_cell(row["title"]), text_of_cell(row["list"])
        list_key = content.list_named(list_name) if list_name else None
        section = text_of_cell(row["section"])
        task = FileTask(
            key=row["id"] or content.key_of(list_name, title, row["due"]),
            place=row.place,
            title=title,
            notes=text_of_cell(row["notes"]),
            list_key=list_key,
            section_key=content.section_named(list_key, section) if section else None,
            parent_key=row["parent_id"] or None,
            tags=split_cell(text_of_cell(row["tags"])),
            is_pinned=row["pinned"].strip().lower() in ("true", "1", "yes"),
        )
        content.add_task(task)
        read_values(task, row, options, content)
        color = read_cell(row, "list_color", to_color, task, content)
        if list_key is not None and color is not None:
            list_colors.setdefault(list_key, color)
        colors = read_cell(row, "tag_colors", to_colors, task, content) or []
        for tag, tag_color in zip(task.tags, colors, strict=False):
            if tag_color is not None:
                tags.setdefault(match_key(tag), FileTag(name=tag, color=tag_color))
    for entry in content.lists:
        entry.color = list_colors.get(entry.key)
    content.tags = list(tags.values())
    return content


def read_values(task: FileTask, row: CsvRow, options: ImportOptions, content: FileContent) -> None:
    """Set what has to be parsed; report values that are malformed."""

    def read(column: str, parse: Callable[[str], T]) -> T | None:
        return read_cell(row, column, parse, task, content)

    def moment(column: str) -> Due | None:
        zone_name = row[f"{column}_timezone"]
        due = read(column, lambda cell: read_due(cell, options.timezone, zone_name=zone_name))
        is_exported_day = due is not None and due.date is not None and bool(row["id"])
        return Due(date=due.date) if due and is_exported_day and not zone_name else due

    task.priority = read("priority", to_priority) or "none"
    task.due, task.start = moment("due"), moment("start")
    task.completed_at = read("completed_at", lambda cell: read_instant(cell, options.timezone))
    task.created_at = read("created_at", lambda cell: read_instant(cell, options.timezone))
    task.duration_minutes = read("duration_minutes", int)
    task.repeat = read("repeat", lambda rule: to_repeat(rule, row))
    task.reminders = read("reminders", to_reminders) or []


def to_priority(cell: str) -> Priority:
    """Return a priority.

    Raises:
        ValueError: there is none of this name.
    """
    priority: Priority = msgspec.convert(cell.strip().lower(), Priority)
    return priority


def to_color(cell: str) -> Color:
    """Return a colour.

    Raises:
        ValueError: there is none of this name.
    """
    color: Color = msgspec.convert(cell.strip().lower(), Color)
    return color


def to_colors(cell: str) -> list[Color | None]:
    """Return colours separated by commas; None for an empty part.

    Raises:
        ValueError: there is none of a name.
    """
    return [to_color(part) if part.strip() else None for part in cell.split(",")]


def to_repeat(rule: str, row: CsvRow) -> Repeat:
    """Return the repetition of a row.

    Raises:
        ValueError: a value is malformed.
    """
    until = row["repeat_until"].strip()
    return Repeat(
        rule=rule,
        base=msgspec.convert(row["repeat_from"] or "due", RepeatFrom),
        until=dt.date.fromisoformat(until) if until else None,
        count=int(row["repeat_count"]) if row["repeat_count"] else None,
    )


def to_reminders(cell: str) -> list[FileReminder]:
    """Return reminders separated by semicolons, each a number of minutes or an instant.

    Raises:
        ValueError: one is neither.
    """
    return [
        FileReminder(minutes_before=int(part[:9]))
        if part.isascii() and part.isdigit()
        else FileReminder(at=read_instant(part))
        for part in map(str.strip, cell.split(";"))
        if part
    ]

"""Tasks as rows of a CSV file (RFC 4180) that spreadsheets open as UTF-8."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tasks_service.domain.text import match_key
from todochat.clock import to_wire
from todochat.contracts.tasks import Due, Task

COLUMNS: Final = (
    "id",
    "number",
    "title",
    "notes",
    "list",
    "priority",
    "tags",
    "due",
    "due_timezone",
    "start",
    "start_timezone",
    "duration_minutes",
    "repeat",
    "repeat_from",
    "repeat_until",
    "repeat_count",
    "pinned",
    "parent_id",
    "section",
    "reminders",
    "completed_at",
    "created_at",
    "updated_at",
    "list_color",
    "tag_colors",
)
_BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel reads another encoding
_GUARD: Final = "'"
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PART: Final = re.compile(r"(?:\\.|[^,\\])+|\\$", re.DOTALL)
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


class CsvNames(msgspec.Struct, frozen=True, kw_only=True):
    """Names and colours behind the IDs in a task's cells.

    Attributes:
        lists, sections: names by ID.
        list_colors: by the list's ID.
        tag_colors: by the tag's folded name; only those that have one.
    """

    lists: Mapping[str, str]
    list_colors: Mapping[str, str | None]
    sections: Mapping[str, str]
    tag_colors: Mapping[str, str]


def csv_header() -> bytes:
    """Return the first row."""
    return (_BYTE_ORDER_MARK + csv_row(COLUMNS)).encode()


def csv_task(task: Task, names: CsvNames) -> bytes:
    """Return the row of a task.

    Commas in a tag are escaped, reminders separated by semicolons. The colours of tags are in the
    order of the tags, empty for a tag without one; the cell is empty if none has one.
    """
    repeat = task.repeat
    tags = ",".join(tag.replace("\\", "\\\\").replace(",", "\\,") for tag in task.tags)
    reminders = [
        instant(each.at) if each.minutes_before is None else str(each.minutes_before)
        for each in task.reminders
    ]
    colors = [names.tag_colors.get(match_key(tag), "") for tag in task.tags]
    cells: dict[str, object] = {
        "id": task.id,
        "number": task.number,
        "title": plain_cell(task.title),
        "notes": plain_cell(task.notes),
        "list": plain_cell(names.lists.get(task.list_id, "")),
        "priority": task.priority,
        "tags": plain_cell(tags),
        "due": moment(task.due),
        "due_timezone": task.due and task.due.timezone,
        "start": moment(task.start),
        "start_timezone": task.start and task.start.timezone,
        "duration_minutes": task.duration_minutes,
        "repeat": repeat and repeat.rule,
        "repeat_from": repeat and repeat.base,
        "repeat_until": repeat and repeat.until,
        "repeat_count": repeat and repeat.count,
        "pinned": "true" if task.pinned else "false",
        "parent_id": task.parent_id,
        "section": plain_cell(names.sections.get(task.section_id or "", "")),
        "reminders": ";".join(reminders),
        "completed_at": instant(task.completed_at),
        "created_at": instant(task.created_at),
        "updated_at": instant(task.updated_at),
        "list_color": names.list_colors.get(task.list_id),
        "tag_colors": ",".join(colors) if any(colors) else "",
    }
    return csv_row(cells[name] for name in COLUMNS).encode()


def csv_row(cells: Iterable[object]) -> str:
    """Return one row; None is an empty cell."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def plain_cell(text: str) -> str:
    """Return text that a spreadsheet doesn't take for a formula: an apostrophe is put before it.

    Text that would look like such a cell gets one more, so that `text_of_cell` can undo it.
    """
    return f"{_GUARD}{text}" if text.lstrip(_GUARD).startswith(_FORMULA_SIGNS) else text


def text_of_cell(cell: str) -> str:
    """Return the text of a `plain_cell`."""
    is_guarded = cell.startswith(_GUARD) and plain_cell(cell[1:]) == cell
    return cell[1:] if is_guarded else cell


def split_cell(cell: str) -> list[str]:
    """Split a cell at the commas that no backslash escapes; empty parts are left out."""
    parts = [_ESCAPED.sub(r"\1", part).strip() for part in _PART.findall(cell)]
    return [part for part in parts if part]


def moment(due: Due | None) -> str:
    """Return a day or an instant."""
    if due is None:
        return ""
    return instant(due.at) if due.at is not None else str(due.date)


def instant(at: dt.datetime | None) -> str:
    """Return an instant in UTC."""
    return "" if at is None else to_wire(at)

"""TickTick's backup: a CSV file whose header follows a few lines about the file.

Its `taskId` is only unique in one backup: a task is identified by the time of its creation and its
title. Statuses are 0 (open), 1 and 2 (completed, archived) and -1 ("won't do"); priorities 0, 1, 3
and 5. A checklist is a task whose content has a line for each item.
"""

import datetime as dt
import re
from typing import Final

from tasks_service.formats.csv_rows import CsvRow, read_cell, read_rows
from tasks_service.formats.file_content import FileContent, FileReminder, FileTask, ImportOptions
from tasks_service.formats.values import is_timezone, on_day, read_due, read_duration, read_instant
from todochat.contracts.tasks import Due, Priority, Repeat

WANTED: Final = {"folder name", "list name", "title"}
_PRIORITIES: Final[dict[str, Priority]] = {"1": "low", "3": "medium", "5": "high"}
_OPEN: Final = ("0", "")
_WONT_DO: Final = "-1"
_ITEM: Final = re.compile(r"\s*([▫▪])\s*(.*)")
_DONE_ITEM: Final = "▪"
_INBOX: Final = "Inbox"


def read_ticktick(text: str, options: ImportOptions) -> FileContent:
    """Read a backup."""
    content = FileContent(format="ticktick", source="ticktick")
    keys: dict[str, str] = {}  # by the ID in this file
    parents: list[tuple[FileTask, str]] = []
    for row in read_rows(text, WANTED):
        list_name = row["list name"].strip()
        is_inbox = list_name in ("", _INBOX)
        list_key = content.list_named(list_name or _INBOX, is_default=is_inbox)
        section, title = row["column name"].strip(), row["title"].strip()
        task = FileTask(
            key=content.key_of(row["created time"], title),
            place=row.place,
            title=title,
            list_key=list_key,
            section_key=content.section_named(list_key, section) if section else None,
            priority=_PRIORITIES.get(row["priority"].strip(), "none"),
            tags=[tag for tag in re.split(r",\s*", row["tags"]) if tag.strip()],
        )
        content.left_out["folders of lists"] += bool(row["folder name"].strip())
        read_times(task, row, options, content)
        keys[row["taskid"]] = task.key
        if row["parentid"].strip():
            parents.append((task, row["parentid"]))
        content.add_task(task)
        read_body(task, row, content, is_subtask=bool(row["parentid"].strip()))
    for task, parent in parents:
        task.parent_key = keys.get(parent, parent)
    return content


def read_times(task: FileTask, row: CsvRow, options: ImportOptions, content: FileContent) -> None:
    """Set dates, repetition, reminders and completion; report values that are malformed."""
    named = row["timezone"].strip()
    timezone = named if is_timezone(named) else options.timezone

    def moment(column: str) -> dt.datetime | None:
        return read_cell(row, column, lambda cell: read_instant(cell, timezone), task, content)

    is_all_day = row["is all day"].strip().lower() == "true"
    start, due = moment("start date"), moment("due date") or moment("start date")
    if due is not None:
        task.due = Due(at=due, timezone=timezone)
        if start is not None and start != due:
            task.start = Due(at=start, timezone=timezone)
        if is_all_day:
            task.due, task.start = on_day(task.due), task.start and on_day(task.start)
    task.created_at = moment("created time")
    status = row["status"].strip()
    if status not in _OPEN:
        task.completed_at = moment("completed time") or options.now
        if status == _WONT_DO:
            content.report(row.place, task.title, 'was marked "won\'t do"; it is completed now')
    read_rules(task, row, content)
    for text in re.split(r"[\n,;]+", row["reminder"]):
        if text.strip():
            read_reminder(task, text, content, is_all_day=is_all_day)


def read_rules(task: FileTask, row: CsvRow, content: FileContent) -> None:
    """Set the repetition from the first rule, without TickTick's own parts; report the others."""
    for line in row["repeat"].splitlines():
        rule = line.strip()
        if task.repeat is None and re.match(r"(?:RRULE:)?FREQ=", rule, re.IGNORECASE):
            task.repeat = Repeat(rule=re.sub(r";TT_\w+=[^;]*", "", rule), base="due")
        elif rule:
            content.report(row.place, task.title, f'the repetition "{rule[:60]}" was left out')


def read_reminder(task: FileTask, text: str, content: FileContent, *, is_all_day: bool) -> None:
    """Add a reminder: a time before a task is due; for a day, a time from its start."""
    minutes = read_duration(text)
    if minutes is None or task.due is None:
        content.report(task.place, task.title, f'the reminder "{text[:40]}" was left out')
        return
    if not is_all_day:
        task.reminders.append(FileReminder(minutes_before=abs(minutes)))
        return
    midnight = f"{task.due.date}T00:00:00"
    due = read_due(midnight, task.due.timezone or "UTC")
    if due is not None and due.at is not None:
        task.reminders.append(FileReminder(at=due.at + dt.timedelta(minutes=minutes)))


def read_body(task: FileTask, row: CsvRow, content: FileContent, *, is_subtask: bool) -> None:
    """Set the notes; items of a checklist become subtasks, or notes of a subtask."""
    text = row["content"].replace("\r\n", "\n").replace("\r", "\n")
    is_checklist = row["is check list"].strip().upper() in ("Y", "TRUE")
    if not is_checklist or is_subtask:
        task.notes = text
        return
    notes = []
    for line in text.split("\n"):
        matched = _ITEM.fullmatch(line)
        if matched is None or not matched[2].strip():
            notes.append(line)
            continue
        is_done = matched[1] == _DONE_ITEM
        item = FileTask(
            key=content.key_of(task.key, matched[2]),
            place=task.place,
            title=matched[2],
            list_key=task.list_key,
            section_key=task.section_key,
            parent_key=task.key,
            created_at=task.created_at,
        )
        if is_done or task.completed_at is not None:
            item.completed_at = task.completed_at or task.created_at or dt.datetime.now(dt.UTC)
        content.add_task(item)
    task.notes = "\n".join(notes).strip()

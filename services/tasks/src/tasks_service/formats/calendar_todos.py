"""To-dos of an iCalendar file (RFC 5545), each parsed alone with `icalendar`.

Time zones are taken by name: definitions in the file are ignored, since the library keeps them for
the whole process. To-dos of this service's calendar feed are recognized as its tasks.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator
from typing import Any, Final

from icalendar import Todo
from icalendar.prop import vDDDTypes

from task_phrases.time_limit import time_left
from tasks_service.formats.file_content import (
    OWN_SOURCE,
    FileContent,
    FileReminder,
    FileTask,
    ImportOptions,
)
from todochat.contracts.tasks import Due, Priority, Repeat

OPENING: Final = "BEGIN:VCALENDAR"
_BOUNDARY: Final = re.compile(r"(BEGIN|END):([A-Za-z0-9-]{1,40})\s*", re.IGNORECASE)
_NAME: Final = re.compile(
    r"^(?:X-WR-CALNAME|NAME)(?:;[^:\r\n]*)?:(.*)$", re.IGNORECASE | re.MULTILINE
)
_OWN_UID: Final = re.compile(r"(tsk_[0-9A-Za-z]{26})-(?:todo|event)")
_LOWEST_HIGH: Final = 4
_MEDIUM: Final = 5
_LOWEST: Final = 9
_LEFT_OUT: Final = {
    "ATTACH": "attachments",
    "ATTENDEE": "attendees",
    "ORGANIZER": "organizers",
    "GEO": "geographic positions",
    "RESOURCES": "resources",
    "CONTACT": "contacts",
    "EXDATE": "exceptions of repetitions",
    "RDATE": "additional dates of repetitions",
    "EXRULE": "exceptions of repetitions",
}
_NOTED: Final = {"LOCATION": "Location", "URL": "URL", "COMMENT": "Comment"}


def read_todos(text: str, options: ImportOptions) -> FileContent:
    """Read the to-dos; events, journals and others are left out."""
    content = FileContent(format="icalendar", source="icalendar")
    named = _NAME.search(text)
    name = named[1].strip() if named and options.list_name is None else ""
    list_key = content.list_named(name) if name else None
    own = 0
    for line, block in blocks(text, content):
        time_left()
        place = f"line {line}"
        try:
            todo = Todo.from_ical(block)
            if not isinstance(todo, Todo):
                continue
            task = to_file_task(todo, place, options, content)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            OverflowError,
        ) as error:
            reason = f"isn't a valid to-do: {str(error)[:100]}"
            content.report(place, summary_of(block), reason, is_skipped=True)
            continue
        if task is not None:
            task.list_key = list_key
            own += _OWN_UID.fullmatch(str(todo.get("UID", ""))) is not None
            content.add_task(task)
    if own == len(content.tasks) > 0:
        content.source = OWN_SOURCE
    return content


def blocks(text: str, content: FileContent) -> Iterator[tuple[int, str]]:
    """Yield the to-dos of a file with the numbers of their first lines; count other components."""
    depth, start = 0, 0
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        matched = _BOUNDARY.fullmatch(line)
        kind = matched[2].upper() if matched else ""
        if matched and matched[1].upper() == "BEGIN":
            if kind == "VTODO" and not depth:
                start, lines = number, []
            if kind in ("VEVENT", "VJOURNAL"):
                content.left_out["events and journals"] += 1
            depth += bool(depth or kind == "VTODO")
        if depth:
            lines.append(line)
        if matched and matched[1].upper() == "END" and depth:
            depth -= 1
            if not depth:
                yield start, "\r\n".join(lines) + "\r\n"
    if depth:
        content.report(f"line {start}", summary_of("\n".join(lines)), "has no end", is_skipped=True)


def summary_of(block: str) -> str:
    """Return the text after SUMMARY, unparsed, for the report."""
    matched = re.search(r"^SUMMARY[^:\n]*:(.*)$", block, re.MULTILINE | re.IGNORECASE)
    return matched[1].strip() if matched else ""


def to_file_task(
    todo: Todo, place: str, options: ImportOptions, content: FileContent
) -> FileTask | None:
    """Convert a to-do; None for a changed date of a repeating one, which is reported."""
    title, uid = str(todo.get("SUMMARY", "")), str(todo.get("UID", ""))
    if "RECURRENCE-ID" in todo:
        content.report(place, title, "is one date of a repeating to-do", is_skipped=True)
        return None
    task = FileTask(
        key=own_key(uid) if uid else content.key_of(title, str(todo.get("DTSTAMP", ""))),
        place=place,
        title=title,
        notes=str(todo.get("DESCRIPTION", "")),
        priority=to_priority(todo.get("PRIORITY")),
        tags=[str(name) for each in listed(todo.get("CATEGORIES")) for name in each.cats],
    )
    set_times(task, todo, options, content)
    status = str(todo.get("STATUS", "")).upper()
    completed = todo.get("COMPLETED")
    if completed is not None or status in ("COMPLETED", "CANCELLED"):
        at = None if completed is None else to_due(completed.dt, options).at
        task.completed_at = at or options.now
        if status == "CANCELLED":
            content.report(place, title, "was cancelled; it is completed now")
    for related in listed(todo.get("RELATED-TO")):
        if str(related.params.get("RELTYPE", "PARENT")).upper() == "PARENT":
            task.parent_key = own_key(str(related))
        else:
            content.left_out["relations between tasks"] += 1
    for name, noun in _NOTED.items():
        for value in listed(todo.get(name)):
            task.add_note(f"{noun}: {value}")
    for name, noun in _LEFT_OUT.items():
        content.left_out[noun] += len(listed(todo.get(name)))
    return task


def set_times(task: FileTask, todo: Todo, options: ImportOptions, content: FileContent) -> None:
    """Set dates, repetition and reminders."""

    def moment(name: str) -> Due | None:
        value = todo.get(name)
        return None if value is None else to_due(value.dt, options)

    start, due, length = moment("DTSTART"), moment("DUE"), todo.get("DURATION")
    if length is not None and start is not None and start.at is not None:
        task.duration_minutes = int(length.dt.total_seconds() // 60) or None
        due = due or Due(at=start.at + length.dt, timezone=start.timezone)
    rules = listed(todo.get("RRULE"))
    if due is None and rules:
        due = start
    task.due, task.start = due, None if start == due else start
    if created := moment("CREATED"):
        task.created_at = created.at
    if rules:
        task.repeat = Repeat(rule=rules[0].to_ical().decode(), base="due")
        content.left_out["further rules of repetitions"] += len(rules) - 1
    for alarm in todo.walk("VALARM"):
        trigger = alarm.get("TRIGGER")
        reminder = None if trigger is None else to_reminder(trigger, start, due, options)
        if reminder is None:
            content.report(task.place, task.title, "a reminder without a time was left out")
        else:
            task.reminders.append(reminder)


def to_reminder(
    trigger: vDDDTypes, start: Due | None, due: Due | None, options: ImportOptions
) -> FileReminder | None:
    """Convert the trigger of an alarm; None if what it relates to is missing."""
    if not isinstance(trigger.dt, dt.timedelta):
        return FileReminder(at=to_due(trigger.dt, options).at)
    relates_to_end = str(trigger.params.get("RELATED", "START")).upper() == "END"
    base = due if relates_to_end or start is None else start
    minutes = -int(trigger.dt.total_seconds() // 60)
    if base is None:
        return None
    if base == due and base.at is not None and minutes >= 0:
        return FileReminder(minutes_before=minutes)
    moment = base.at
    if moment is None and base.date is not None:
        zone = zoneinfo.ZoneInfo(base.timezone or options.timezone)
        moment = dt.datetime.combine(base.date, dt.time.min, zone).astimezone(dt.UTC)
    return None if moment is None else FileReminder(at=moment - dt.timedelta(minutes=minutes))


def to_due(value: object, options: ImportOptions) -> Due:
    """Convert a day or a time; one without a known zone is local.

    Raises:
        TypeError: it is something else, such as a period.
    """
    if not isinstance(value, dt.date):
        msg = "A day or a time is needed."
        raise TypeError(msg)
    if not isinstance(value, dt.datetime):
        return Due(date=value, timezone=options.timezone)
    zone = getattr(value.tzinfo, "key", None)
    if value.tzinfo is None:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(options.timezone))
    timezone = zone if zone and zone != "UTC" else options.timezone
    return Due(at=value.astimezone(dt.UTC), timezone=timezone)


def to_priority(value: Any) -> Priority:
    """Convert a priority: 1 to 4 are high, 5 is medium, 6 to 9 are low."""
    number = value if isinstance(value, int) else 0
    if not 1 <= number <= _LOWEST:
        return "none"
    if number <= _LOWEST_HIGH:
        return "high"
    return "medium" if number == _MEDIUM else "low"


def own_key(uid: str) -> str:
    """Return the ID of this service's task, if a UID was made from it; others unchanged."""
    matched = _OWN_UID.fullmatch(uid)
    return matched[1] if matched else uid


def listed(value: Any) -> list[Any]:
    """Return the values of a property that may be repeated or missing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]

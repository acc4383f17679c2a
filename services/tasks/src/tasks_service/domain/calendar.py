"""Tasks as iCalendar components (RFC 5545, RFC 7986), written by `icalendar`.

A task that is due at an instant becomes an event; every task becomes a to-do. Their UIDs are made
from the task's ID, so a client recognises them after each change. A task that repeats from its
completion has no rule here, because its next date isn't known.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from icalendar import Alarm, Calendar, Event, Timezone, Todo, vRecur

from tasks_service.domain.calendar_feed import CalendarShow
from tasks_service.domain.due import DEFAULT_TIMEZONE
from tasks_service.domain.recurrence import SHORTEST_MONTH
from tasks_service.domain.reminder import firing_time
from tasks_service.domain.series import rule_of
from todochat.contracts.tasks import Due, Priority, Task

CLOSING: Final = b"END:VCALENDAR\r\n"
REFRESH: Final = dt.timedelta(hours=1)
_PRIORITIES: Final[dict[Priority, int]] = {"high": 1, "medium": 5, "low": 9}
# Time zone definitions cover these years; clients use their own for zones that they know.
_FIRST_DAY: Final = dt.date(2020, 1, 1)
_LAST_DAY: Final = dt.date(2050, 1, 1)
_CONTROLS: Final = dict.fromkeys(
    [code for code in range(32) if chr(code) not in "\t\n"] + [127], None
)


def opening(timezones: Iterable[str]) -> bytes:
    """Return the start of a calendar, up to its first task."""
    calendar = Calendar()
    calendar.add("prodid", "-//todochat//tasks//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", "Tasks")
    calendar.add("x-wr-calname", "Tasks")
    calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    zones = b"".join(timezone_definition(zone) for zone in timezones if zone != DEFAULT_TIMEZONE)
    start: bytes = calendar.to_ical()
    return start.removesuffix(CLOSING) + zones


@lru_cache(maxsize=100)
def timezone_definition(name: str) -> bytes:
    """Return the component of a time zone."""
    zone = Timezone.from_tzid(name, first_date=_FIRST_DAY, last_date=_LAST_DAY)
    encoded: bytes = zone.to_ical()
    return encoded


def encode_task(task: Task, show: CalendarShow) -> bytes:
    """Return the components of an open task."""
    components: list[Event | Todo] = []
    if show != "todos" and task.due is not None and task.due.at is not None:
        components.append(to_event(task, task.due))
    if show != "events":
        components.append(to_todo(task))
    for component in components[:1]:  # so that a client doesn't ring twice
        for alarm in to_alarms(task, related="START" if component.name == "VEVENT" else "END"):
            component.add_component(alarm)
    return b"".join(component.to_ical() for component in components)


def to_event(task: Task, due: Due) -> Event:
    """Return the event of a task that is due at an instant, from which it takes its duration."""
    event = Event()
    describe(event, task, "event")
    event.add("dtstart", calendar_time(due))
    if task.duration_minutes is not None:
        event.add("duration", dt.timedelta(minutes=task.duration_minutes))
    return event


def to_todo(task: Task) -> Todo:
    """Return the to-do of a task."""
    todo = Todo()
    describe(todo, task, "todo")
    todo.add("status", "NEEDS-ACTION")
    if task.parent_id is not None:
        todo.add("related-to", f"{task.parent_id}-todo")
    due = None if task.due is None else calendar_time(task.due)
    start = None if task.start is None else calendar_time(task.start)
    if due is not None:
        todo.add("due", due)
        start = comparable_start(start, due)
        if has_rule(task):
            start = due  # a rule starts from it
    if start is not None:
        todo.add("dtstart", start)
    return todo


def to_alarms(task: Task, *, related: Literal["START", "END"]) -> list[Alarm]:
    """Return the alarms of a task's reminders.

    Args:
        related: whether the task is due at the start or at the end of the component.
    """
    alarms = []
    has_time = task.due is not None and task.due.at is not None
    for reminder in task.reminders:
        alarm = Alarm()
        alarm.add("uid", reminder.id)
        alarm.add("action", "DISPLAY")
        alarm.add("description", task.title)
        if reminder.minutes_before is not None and has_time:
            before = -dt.timedelta(minutes=reminder.minutes_before)
            alarm.add("trigger", before, {"RELATED": related})
        elif (fires_at := firing_time(reminder, task.due)) is not None:
            alarm.add("trigger", fires_at, {"VALUE": "DATE-TIME"})
        else:
            continue
        alarms.append(alarm)
    return alarms


def describe(component: Event | Todo, task: Task, kind: str) -> None:
    """Set the properties that events and to-dos have in common."""
    component.add("uid", f"{task.id}-{kind}")
    component.add("dtstamp", task.updated_at)
    component.add("created", task.created_at)
    component.add("last-modified", task.updated_at)
    component.add("summary", task.title)
    if task.notes:
        component.add("description", plain_text(task.notes))
    if task.tags:
        component.add("categories", task.tags)
    if task.priority in _PRIORITIES:
        component.add("priority", _PRIORITIES[task.priority])
    if has_rule(task):
        component.add("rrule", vRecur.from_ical(calendar_rule(task)))


def plain_text(text: str) -> str:
    """Return text with line feeds only and without other control characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)


def calendar_time(due: Due) -> dt.date | dt.datetime:
    """Return a day, or an instant in its time zone."""
    if due.at is None:
        return due.date or dt.date.min
    if due.timezone in (None, DEFAULT_TIMEZONE):
        return due.at.astimezone(dt.UTC)
    return due.at.astimezone(zoneinfo.ZoneInfo(due.timezone))


def comparable_start(
    start: dt.date | dt.datetime | None, due: dt.date | dt.datetime
) -> dt.date | dt.datetime | None:
    """Return a start of the same type as the due date; None if it is later."""
    if start is None:
        return None
    if isinstance(due, dt.datetime):
        if not isinstance(start, dt.datetime):
            start = dt.datetime.combine(start, dt.time.min, due.tzinfo)
        return start if start <= due else None
    if isinstance(start, dt.datetime):
        start = start.date()
    return start if start <= due else None


def has_rule(task: Task) -> bool:
    """Return whether the dates of a task are known in advance."""
    return task.repeat is not None and task.repeat.base == "due" and task.due is not None


def calendar_rule(task: Task) -> str:
    """Return the recurrence rule of a task that `has_rule`.

    A day that a month can be too short for becomes the last one of the 28th to that day, as in
    this service; RFC 5545 would leave the month out.
    """
    if task.repeat is None or task.due is None:
        msg = "the task doesn't repeat"
        raise ValueError(msg)
    rule = rule_of(task.repeat)
    text = str(rule)
    is_one_month = rule.frequency == "MONTHLY" or len(rule.months) == 1
    if is_one_month and not (rule.weekdays or rule.positions) and len(rule.month_days) == 1:
        day = rule.month_days[0]
        if day > SHORTEST_MONTH:
            days = ",".join(map(str, range(SHORTEST_MONTH, day + 1)))
            text = text.replace(f"BYMONTHDAY={day}", f"BYMONTHDAY={days};BYSETPOS=-1")
    if task.repeat.count is not None:
        return f"{text};COUNT={task.repeat.count}"
    if task.repeat.until is None:
        return text
    if task.due.at is None:
        return f"{text};UNTIL={task.repeat.until:%Y%m%d}"
    zone = zoneinfo.ZoneInfo(task.due.timezone or DEFAULT_TIMEZONE)
    last = dt.datetime.combine(task.repeat.until, dt.time(23, 59, 59), zone).astimezone(dt.UTC)
    return f"{text};UNTIL={last:%Y%m%dT%H%M%SZ}"

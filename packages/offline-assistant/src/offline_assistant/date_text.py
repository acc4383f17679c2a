"""Formats dates and times for the user: relative to today if near, in the locale's hour cycle."""

from datetime import date, datetime

from task_phrases.clock import Clock
from task_phrases.due_date import DueDate

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def format_due(due: DueDate, clock: Clock) -> str:
    """Return "tomorrow (Tuesday 24 November) at 17:00"."""
    if due.at is None:
        return format_day(due.day, clock) if due.day else ""
    local = due.at.astimezone(clock.zone)
    return f"{format_day(local.date(), clock)} at {format_time(local, clock)}"


def format_day(day: date, clock: Clock) -> str:
    """Return "Friday 27 November", with "yesterday", "today" or "tomorrow" in front if it is near."""
    name, month = _DAYS[day.weekday()], _MONTHS[day.month - 1]
    year = "" if day.year == clock.today.year else f" {day.year}"
    full = f"{name} {day.day} {month}{year}"
    if clock.is_month_first:
        full = f"{name}, {month} {day.day}{year and f',{year}'}"
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - clock.today).days)
    return f"{near} ({full})" if near else full


def format_time(moment: datetime, clock: Clock) -> str:
    """Return a time of day: "17:00", or "5 PM" in a locale with a twelve-hour clock."""
    if not clock.is_twelve_hour:
        return f"{moment:%H:%M}"
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{hour}:{moment.minute:02} {half}" if moment.minute else f"{hour} {half}"


def is_overdue(due: DueDate, clock: Clock) -> bool:
    """Return whether a due date has passed; a due day passes when it ends."""
    if due.at is not None:
        return due.at < clock.now
    return due.day is not None and due.day < clock.today


def format_due_range(first: date | None, last: date | None, clock: Clock) -> str:
    """Return "due today", "due from ... to ...", "due by ..." or "due on or after ..."."""
    if first and last and first == last:
        return f"due {format_day(first, clock)}"
    if first and last:
        return f"due from {format_day(first, clock)} to {format_day(last, clock)}"
    if last:
        return f"due by {format_day(last, clock)}"
    return f"due on or after {format_day(first, clock)}" if first else ""

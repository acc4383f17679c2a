"""Formats dates and times for the user: relative to today if near, in the locale's hour cycle."""

from datetime import date, datetime

from task_phrases.clock import Clock
from task_phrases.due_date import DueDate

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = {"HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
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


def format_minutes(minutes: int) -> str:
    """Return "1 hour 30 minutes", or whole days."""
    if minutes % 1440 == 0:
        return _count(minutes // 1440, "day")
    hours, rest = divmod(minutes, 60)
    parts = [_count(count, unit) for count, unit in ((hours, "hour"), (rest, "minute")) if count]
    return " ".join(parts)


def format_repeat(rule: str) -> str:
    """Return an RRULE in words: "every 2 weeks on Tuesday"; unusual parts are left out."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    unit = _UNITS.get(parts.get("FREQ", ""), "time")
    interval = parts.get("INTERVAL", "1")
    every = f"every {unit}" if interval == "1" else f"every {interval} {unit}s"
    days = [code[-2:] for code in parts.get("BYDAY", "").split(",") if code]
    if days == ["MO", "TU", "WE", "TH", "FR"]:
        return "every weekday"
    named = [name for name in _DAYS if name[:2].upper() in days]
    return f"{every} on {' and '.join(named)}" if named else every


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"

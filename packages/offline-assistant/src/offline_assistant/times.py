"""Says dates and times to the user: relative where that is clear, in the locale's hours."""

from datetime import date, datetime

from offline_assistant.clock import Clock
from offline_assistant.intents import Due

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


def say_due(due: Due, clock: Clock) -> str:
    """Return "tomorrow (Tuesday 24 November) at 17:00"."""
    if due.at is None:
        return say_day(due.day, clock) if due.day else ""
    local = due.at.astimezone(clock.zone)
    return f"{say_day(local.date(), clock)} at {say_time(local, clock)}"


def say_day(day: date, clock: Clock) -> str:
    """Return a day with its date, and its relation to today if it is near."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - clock.today).days)
    return f"{near} ({_full(day, clock)})" if near else _full(day, clock)


def say_time(moment: datetime, clock: Clock) -> str:
    """Return a time of day: "17:00", or "5 PM" where people say so."""
    if not clock.is_twelve_hour:
        return f"{moment:%H:%M}"
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{hour}:{moment.minute:02} {half}" if moment.minute else f"{hour} {half}"


def is_overdue(due: Due, clock: Clock) -> bool:
    """Whether a due date has passed; a day has when it is over."""
    if due.at is not None:
        return due.at < clock.now
    return due.day is not None and due.day < clock.today


def _full(day: date, clock: Clock) -> str:
    name, month = _DAYS[day.weekday()], _MONTHS[day.month - 1]
    year = f" {day.year}" if day.year != clock.today.year else ""
    if clock.is_month_first:
        return f"{name}, {month} {day.day}{',' + year if year else ''}"
    return f"{name} {day.day} {month}{year}"

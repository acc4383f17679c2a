"""Dates in filters: `today`, `in 3 days`, `next week`, `2026-12-24`, in a user's time zone.

A value stays relative until the filter runs, so that a saved filter means the day on which it runs.
"""

import calendar
import datetime as dt
import re
import zoneinfo
from typing import Final, Literal, cast

import msgspec

from tasks_service.domain.limits import MAX_DUE_YEAR, MIN_DUE_YEAR

Unit = Literal["day", "week", "month", "year"]

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DATE_EXAMPLES: Final = (
    "today", "tomorrow", "yesterday", "now", "monday", "next week", "in 3 days", "2 weeks ago",
    "2026-12-24", "2026-12-24T15:00",
)  # fmt: skip
_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_PERIODS: Final = {"last": -1, "this": 0, "next": 1}
_COUNT: Final = r"(?P<count>[0-9]{1,3}|an?) (?P<unit>day|week|month|year)s?"
_IN: Final = re.compile(rf"in {_COUNT}")
_AGO: Final = re.compile(rf"{_COUNT} ago")


class Day(msgspec.Struct, frozen=True, tag=True):
    """A calendar day."""

    day: dt.date


class Shift(msgspec.Struct, frozen=True, tag=True):
    """The day that is some days, weeks, months or years from today."""

    unit: Unit
    amount: int


class Weekday(msgspec.Struct, frozen=True, tag=True):
    """The next day after today with this number, 0 for Monday; or that day of the next week."""

    number: int
    in_next_week: bool = False


class Period(msgspec.Struct, frozen=True, tag=True):
    """A calendar week (from Monday), month or year, counted from the current one."""

    unit: Unit
    offset: int


class Moment(msgspec.Struct, frozen=True, tag=True):
    """An instant; without an offset it is local. None is the time at which the filter runs."""

    at: dt.datetime | None


DateValue = Day | Shift | Weekday | Period | Moment


class Span(msgspec.Struct, frozen=True):
    """The days from `first` up to, but not including, `end`."""

    first: dt.date
    end: dt.date


class FilterClock(msgspec.Struct, frozen=True):
    """The time at which a filter runs, and the time zone of its dates."""

    now: dt.datetime
    timezone: str

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def today(self) -> dt.date:
        """The current day in the time zone."""
        return self.now.astimezone(self.zone).date()

    def start_of(self, day: dt.date) -> dt.datetime:
        """Return the instant at which a day begins."""
        return dt.datetime.combine(day, dt.time.min, self.zone).astimezone(dt.UTC)

    def instant(self, moment: Moment) -> dt.datetime:
        """Return the instant of a moment, in UTC."""
        if moment.at is None:
            return self.now
        local = moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=self.zone)
        return local.astimezone(dt.UTC)

    def span(self, value: Day | Shift | Weekday | Period) -> Span:
        """Return the days that a value means."""
        match value:
            case Day(day):
                return _days(day)
            case Shift(unit, amount):
                return _days(shift(self.today, unit, amount))
            case Weekday(number, in_next_week):
                monday = self.today - dt.timedelta(days=self.today.weekday())
                if in_next_week:
                    return _days(monday + dt.timedelta(days=7 + number))
                ahead = (number - self.today.weekday()) % 7
                return _days(self.today + dt.timedelta(days=ahead or 7))
            case Period(unit, offset):
                first = shift(_period_start(self.today, unit), unit, offset)
                return Span(first, shift(first, unit, 1))


def parse_date_value(text: str) -> DateValue | None:
    """Parse a date in lower case with single spaces; None if it isn't one."""
    if text == "now":
        return Moment(None)
    if text in _DAYS:
        return Shift("day", _DAYS[text])
    which, _, name = text.rpartition(" ")
    if which in {"", "next"}:
        number = next((n for n, day in enumerate(WEEKDAYS) if name in {day, day[:3]}), None)
        if number is not None:
            return Weekday(number, in_next_week=which == "next")
    if which in _PERIODS and name in {"week", "month", "year"}:
        return Period(cast("Unit", name), _PERIODS[which])
    for pattern, sign in ((_IN, 1), (_AGO, -1)):
        if found := pattern.fullmatch(text):
            count = 1 if found["count"].startswith("a") else int(found["count"])
            return Shift(cast("Unit", found["unit"]), sign * count)
    return _parse_iso(text)


def shift(day: dt.date, unit: Unit, amount: int) -> dt.date:
    """Move a day; a day that the month doesn't have becomes the month's last one."""
    if unit in {"day", "week"}:
        return day + dt.timedelta(days=amount * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _parse_iso(text: str) -> Day | Moment | None:
    try:
        value: Day | Moment
        if len(text) == len("2026-12-24"):
            value = Day(dt.date.fromisoformat(text))
            year = value.day.year
        elif len(text) >= len("2026-12-24t15:00") and text[10] == "t":
            at = dt.datetime.fromisoformat(text.upper())
            value, year = Moment(at), at.year
        else:
            return None
    except ValueError:
        return None
    return value if MIN_DUE_YEAR <= year <= MAX_DUE_YEAR else None


def _period_start(day: dt.date, unit: Unit) -> dt.date:
    if unit == "week":
        return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _days(day: dt.date) -> Span:
    return Span(day, day + dt.timedelta(days=1))

"""Due dates: a day or an instant, in a time zone."""

import datetime as dt
import zoneinfo
from functools import cache
from typing import Final

from tasks_service.domain.limits import MAX_DUE_YEAR, MIN_DUE_YEAR
from tasks_service.domain.text import invalid
from todochat.contracts.tasks import Due

DEFAULT_TIMEZONE: Final = "UTC"
_ONE_DAY: Final = dt.timedelta(days=1)


def clean_due(due: Due | None, *, pointer: str) -> Due | None:
    """Validate a due date; return it with its instant in UTC.

    Raises:
        InvalidInputError: it has neither or both of date and at, no offset, an unknown time zone,
            or a year outside 1970 to 2999.
    """
    if due is None:
        return None
    if due.timezone is not None:
        check_timezone(due.timezone, pointer=f"{pointer}/timezone")
    match due:
        case Due(date=dt.date() as day, at=None):
            _check_year(day.year, f"{pointer}/date")
            return Due(date=day, timezone=due.timezone)
        case Due(date=None, at=dt.datetime() as at):
            instant = clean_instant(at, pointer=f"{pointer}/at")
            return Due(at=instant, timezone=due.timezone or DEFAULT_TIMEZONE)
        case _:
            raise invalid(pointer, 'must have either "date" or "at"')


def check_timezone(name: str, *, pointer: str) -> None:
    """Check the name of a time zone.

    Raises:
        InvalidInputError: there is no such IANA time zone.
    """
    if name not in _timezones():
        raise invalid(pointer, "must be an IANA time zone such as Europe/Berlin")


def clean_instant(moment: dt.datetime, *, pointer: str) -> dt.datetime:
    """Validate an instant; return it in UTC.

    Raises:
        InvalidInputError: it has no offset, or its year is outside 1970 to 2999.
    """
    if moment.tzinfo is None:
        raise invalid(pointer, "must have an offset such as Z or +01:00")
    _check_year(moment.year, pointer)
    return moment.astimezone(dt.UTC)


def clean_date(day: dt.date, *, pointer: str) -> dt.date:
    """Validate a day.

    Raises:
        InvalidInputError: its year is outside 1970 to 2999.
    """
    _check_year(day.year, pointer)
    return day


def local_date(due: Due) -> dt.date:
    """Return the calendar day, in its time zone, on which the task is due."""
    if due.at is not None:
        return due.at.astimezone(_zone(due)).date()
    return _day(due)


def deadline(due: Due) -> dt.datetime:
    """Return the instant from which the task is overdue: `at`, or the end of the day."""
    if due.at is not None:
        return due.at
    midnight = dt.datetime.combine(_day(due) + _ONE_DAY, dt.time.min, _zone(due))
    return midnight.astimezone(dt.UTC)


def starting_instant(start: Due) -> dt.datetime:
    """Return the instant at which a task starts: `at`, or the beginning of the day."""
    if start.at is not None:
        return start.at
    return dt.datetime.combine(_day(start), dt.time.min, _zone(start)).astimezone(dt.UTC)


def _day(due: Due) -> dt.date:
    if due.date is None:
        msg = "a due date has either a date or an instant"
        raise ValueError(msg)
    return due.date


def _zone(due: Due) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(due.timezone or DEFAULT_TIMEZONE)


def _check_year(year: int, pointer: str) -> None:
    if not MIN_DUE_YEAR <= year <= MAX_DUE_YEAR:
        raise invalid(pointer, f"must be in the years {MIN_DUE_YEAR} to {MAX_DUE_YEAR}")


@cache
def _timezones() -> frozenset[str]:
    # Checked by membership: ZoneInfo("America") raises IsADirectoryError, "../x" ValueError.
    return frozenset(zoneinfo.available_timezones())

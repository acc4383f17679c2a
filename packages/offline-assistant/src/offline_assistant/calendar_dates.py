"""The one place that asks dateparser: calendar dates and counted days, weeks and months.

It is given its base date and English only, so nothing depends on the machine's clock, zone or
locale. Of the libraries tried on 52 phrases it read most (36; parsedatetime and timefhuman 29,
ctparse 25); what it does not read is composed in `day_pieces` and `time_pieces`.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import dateparser

from offline_assistant.clock import Clock


def parse_calendar_date(words: str, clock: Clock) -> date | None:
    """Read a date like "3 december", "24.12.2026" or "2026-12-24"; without a year the next such."""
    has_year = re.search(r"\d{4}|\d[./]\d+[./]\d", words) is not None
    order = "YMD" if re.match(r"\d{4}", words) else "MDY" if clock.is_month_first else "DMY"
    prefer = "current_period" if has_year else "future"
    return _parse(words, clock.today, prefer=prefer, order=order)


def days_ahead(count: int, unit: str, clock: Clock) -> date | None:
    """Return the day `count` days, weeks, months or years from today; None past the calendar's end."""
    return _parse(f"in {count} {unit}s", clock.today, prefer="future", order="DMY")


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=256)  # a message is read several times, and a date takes a millisecond or two
def _parse(words: str, today: date, *, prefer: str, order: str) -> date | None:
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": prefer,
        "DATE_ORDER": order,
        "RETURN_AS_TIMEZONE_AWARE": False,
        "TIMEZONE": "UTC",
    }
    found = dateparser.parse(words, languages=["en"], settings=settings)
    return found.date() if found else None

"""Calendar dates and counted days, weeks and months; the only module that uses dateparser.

dateparser gets a base date and only English, so results don't depend on the machine's clock, zone or
locale. It parsed 36 of 52 test phrases, the most of the libraries tried (parsedatetime and timefhuman
29, ctparse 25); `day_patterns` and `time_patterns` handle the phrases that it doesn't.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final

import dateparser

from task_phrases.clock import Clock

YEARS: Final = range(1970, 3000)  # of the dates of tasks; others are no dates here


@cache
def load_tables() -> None:
    """Make dateparser build its tables now rather than within the first message's time limit."""
    dateparser.parse("1 january", languages=["en"])


def parse_calendar_date(words: str, clock: Clock) -> date | None:
    """Parse a date like "3 december", "24.12.2026" or "2026-12-24"; without a year, the next one."""
    has_year = re.search(r"\d{4}|\d[./]\d+[./]\d", words) is not None
    order = "YMD" if re.match(r"\d{4}", words) else "MDY" if clock.is_month_first else "DMY"
    prefer = "current_period" if has_year else "future"
    return _parse(words, clock.today, prefer=prefer, order=order)


def days_ahead(count: int, unit: str, clock: Clock) -> date | None:
    """Return the day `count` days, weeks, months or years from today; None after the year 2999."""
    return _parse(f"in {count} {unit}s", clock.today, prefer="future", order="DMY")


def next_month(day: date) -> date:
    """Return the first day of the month after `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=256)  # a message is parsed several times, and a date takes 1 to 2 ms
def _parse(words: str, today: date, *, prefer: str, order: str) -> date | None:
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": prefer,
        "DATE_ORDER": order,
        "RETURN_AS_TIMEZONE_AWARE": False,
        "TIMEZONE": "UTC",
    }
    found = dateparser.parse(words, languages=["en"], settings=settings)
    return found.date() if found and found.year in YEARS else None

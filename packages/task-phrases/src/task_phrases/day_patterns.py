"""Date fragments that name days: "next friday", "the 15th", "end of the month"."""

import re
from datetime import date, timedelta
from typing import Final

from task_phrases.calendar_dates import days_ahead, next_month, parse_calendar_date
from task_phrases.clock import Clock
from task_phrases.date_fragments import DateFragment, date_pattern
from task_phrases.patterns import (
    CARDINAL,
    ORDINAL,
    Match,
    any_of,
    rx,
    to_number,
    word_list,
)

WEEKDAYS: Final = word_list("monday tuesday wednesday thursday friday saturday sunday")
MONTHS: Final = word_list(
    "january february march april may june july august september october november december"
)
DAY_NAME: Final = rf"(?:{'|'.join(WEEKDAYS)})"
_SHORT_DAY: Final = r"(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)"
_MONTH: Final = rf"(?:{'|'.join(MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
_ON: Final = r"(?:(?:on|by|before|until|till|for|due|from|since|after|of) )"
_BY: Final = r"(?:(?:on|by|before|until|till|due) )"  # not "for": "for 1/2" may be a half
_YEAR: Final = r"(?:,?\s*(?P<year>20\d\d)\b)"
_HOLIDAYS: Final = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "christmas": (12, 25),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
    "new year's": (1, 1),
    "new year": (1, 1),
    "valentine's day": (2, 14),
    "halloween": (10, 31),
}


def weekday_number(name: str) -> int:
    """Return the number of a weekday's name: 0 for "monday", "Mon" or "mondays"."""
    return next(i for i, day in enumerate(WEEKDAYS) if day[:3] == name[:3].lower())


def next_weekday(weekday: int, today: date, *, may_be_today: bool = False) -> date:
    """Return the next day that is a given weekday (0 is Monday)."""
    ahead = (weekday - today.weekday()) % 7
    return today + timedelta(days=ahead if ahead or may_be_today else 7)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def read_relative_day(match: Match, clock: Clock) -> DateFragment:
    """Read "today", "tmrw" or "the day after tomorrow"."""
    word = match["day"].lower()
    offset = 0
    if "after" in word:
        offset = 2
    elif word == "yesterday":
        offset = -1
    elif word[:2] in {"to", "tm"} and word not in {"today", "tonight"}:
        offset = 1
    day = clock.today + timedelta(days=offset)
    return DateFragment(first=day, last=day, day_part="night" if word == "tonight" else None)


def read_weekday(match: Match, clock: Clock) -> DateFragment:
    """Read "friday", "last friday" or "friday next week"; "next friday" is in the next week."""
    number = weekday_number(match["name"])
    groups = match.groupdict()
    which = (groups.get("which") or "").lower()
    if groups.get("week") or which == "next":
        return DateFragment.on(_monday(clock.today) + timedelta(days=7 + number))
    if which == "last":
        return DateFragment.on(next_weekday(number, clock.today) - timedelta(days=7))
    return DateFragment.on(next_weekday(number, clock.today, may_be_today=which == "this"))


def read_weeks_from_weekday(match: Match, clock: Clock) -> DateFragment:
    """Read "two weeks from friday", at most 520 weeks."""
    start = next_weekday(weekday_number(match["name"]), clock.today)
    return DateFragment.on(start + timedelta(weeks=min(to_number(match["count"]), 520)))


def read_calendar_date(match: Match, clock: Clock) -> DateFragment | None:
    """Read "3 december 2026" or "june fourteenth"."""
    words = f"{to_number(match['day'])} {match['month'][:3]} {match['year'] or ''}".strip()
    day = parse_calendar_date(words, clock)
    return DateFragment.on(day, is_exact=True) if day else None


def read_numeric_date(match: Match, clock: Clock) -> DateFragment | None:
    """Read "24.12.2026", "2026-12-24" or "12/24"; an impossible month is a day, whatever the locale."""
    words = match["date"]
    if "-" not in words:  # as "24 dec 2026", since dateparser may swap day and month
        first, second, *year = (int(number) for number in re.split(r"[./]", words))
        month, day = (first, second) if clock.is_month_first else (second, first)
        if month > 12:
            month, day = day, month
        name = MONTHS[month - 1][:3] if 1 <= month <= 12 else "?"
        words = " ".join([str(day), name, *map(str, year)])
    parsed = parse_calendar_date(words, clock)
    return DateFragment.on(parsed, is_exact=True) if parsed else None


def read_day_of_month(match: Match, clock: Clock) -> DateFragment | None:
    """Read "the 15th" or "the 31st of next month", in the first month that has the day."""
    day, which = to_number(match["day"]), (match["which"] or "").lower()
    first = clock.today.replace(day=1)
    if which == "next":
        first = next_month(first)
    for _ in range(12):
        if day <= (next_month(first) - timedelta(days=1)).day:
            candidate = first.replace(day=max(day, 1))
            if which or candidate >= clock.today:
                return DateFragment.on(candidate, is_exact=True)
        first = next_month(first)
    return None


def read_period(match: Match, clock: Clock) -> DateFragment:
    """Read "this weekend" or "next month"; a period that has begun starts today."""
    unit, which = match["unit"].lower(), (match["which"] or "").lower()
    is_next = which.endswith(("next", "following"))
    today = clock.today
    monday = _monday(today) + timedelta(weeks=1 if is_next else 0)
    if unit == "week":
        first, last = (monday if is_next else today), monday + timedelta(days=6)
    elif unit == "weekend":
        first, last = max(monday + timedelta(days=5), today), monday + timedelta(days=6)
    elif unit == "month":
        first = next_month(today) if is_next else today
        last = next_month(first) - timedelta(days=1)
    else:
        first = date(today.year + 1, 1, 1) if is_next else today
        last = date(first.year, 12, 31)
    return DateFragment(
        first=first, last=last, due_day=first if is_next or unit == "weekend" else last
    )


def read_end_of_period(match: Match, clock: Clock) -> DateFragment:
    """Read "end of next month" or "eow"; a week ends on Friday, after that on Sunday."""
    unit = (match["unit"] or match["short"][-1]).lower()[0]
    today, is_next = clock.today, (match["which"] or "").lower() == "next"
    if unit == "w":
        friday = _monday(today) + timedelta(days=11 if is_next else 4)
        return DateFragment.on(friday if friday >= today else _monday(today) + timedelta(days=6))
    if unit == "m":
        first = next_month(today) if is_next else today
        return DateFragment.on(next_month(first) - timedelta(days=1))
    if unit == "y":
        return DateFragment.on(date(today.year + (1 if is_next else 0), 12, 31))
    return DateFragment.on(today + timedelta(days=1 if is_next else 0))


def read_coming_days(match: Match, clock: Clock) -> DateFragment | None:
    """Read "in the next 3 days" or "within a week"."""
    count = to_number(match["count"])
    last = days_ahead(count, match["unit"].lower().rstrip("s"), clock)
    return DateFragment(first=clock.today, last=last, due_day=last) if last and count else None


def read_month(match: Match, clock: Clock) -> DateFragment:
    """Read "in june"; a month of this year that has passed is next year's."""
    number = next(i for i, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3].lower())
    year = int(match["year"] or clock.today.year + (number < clock.today.month))
    first = date(year, number, 1)
    return DateFragment(first=first, last=next_month(first) - timedelta(days=1))


def read_holiday(match: Match, clock: Clock) -> DateFragment:
    """Read "by new year's eve"."""
    name = re.sub(r"\s+", " ", match["holiday"].lower())
    month, day = next(
        when for known, when in _HOLIDAYS.items() if rx(known).fullmatch(name) is not None
    )
    candidate = date(clock.today.year, month, day)
    return DateFragment.on(
        candidate if candidate >= clock.today else candidate.replace(year=candidate.year + 1)
    )


_THE_DAY: Final = rf"(?P<day>{ORDINAL}|{CARDINAL})"
_WHICH: Final = r"(?:the )?(?P<which>this coming|this|next|coming|following|last)"

_FULL_NAME: Final = rf"(?P<name>{DAY_NAME})"
_ANY_NAME: Final = rf"(?P<name>{DAY_NAME}|{_SHORT_DAY})"
_MONTH_NAME: Final = rf"(?P<month>{_MONTH})"
_OF_MONTH: Final = r"(?: of(?: the)? (?P<which>this|next) month)"
_UNIT: Final = r"(?P<unit>weekend|week|month|year)"
_SPAN_UNIT: Final = r"(?P<unit>days?|weeks?|months?|years?)"
_DURING: Final = r"(?:(?:on|in|over|during|for|by|until|before|of|within|sometime) )"

_WEEKDAY_PATTERNS: Final = (
    date_pattern(rf"{_ON}?{_FULL_NAME} (?:of )?(?P<week>next week)", read_weekday),
    date_pattern(rf"(?P<week>next week)(?: on)? {_FULL_NAME}", read_weekday),
    date_pattern(rf"{_ON}(?:{_WHICH} )?{_ANY_NAME}", read_weekday),
    date_pattern(rf"{_WHICH} {_ANY_NAME}", read_weekday),
    date_pattern(_FULL_NAME, read_weekday, is_strong=False),
    date_pattern(rf"{_ON}?(?P<count>{CARDINAL}|an?) weeks? (?:from|after) {_FULL_NAME}", read_weeks_from_weekday),
)  # fmt: skip
_CALENDAR_PATTERNS: Final = (
    date_pattern(rf"{_ON}?(?:the )?{_THE_DAY} (?:of )?{_MONTH_NAME}{_YEAR}?", read_calendar_date),
    date_pattern(rf"{_ON}?{_MONTH_NAME} (?:the )?{_THE_DAY}{_YEAR}?", read_calendar_date),
    date_pattern(rf"{_ON}(?:the )?(?P<day>{ORDINAL}){_OF_MONTH}?", read_day_of_month),
    date_pattern(rf"(?:the )?(?P<day>{ORDINAL}){_OF_MONTH}", read_day_of_month),
    date_pattern(rf"{_ON}?{DAY_NAME} (?P<which>)the (?P<day>{ORDINAL})", read_day_of_month),
    date_pattern(r"(?:the )(?P<which>)(?P<day>\d{1,2}(?:st|nd|rd|th))", read_day_of_month, is_strong=False),
    date_pattern(rf"{_ON}?(?P<date>\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}})", read_numeric_date),
    date_pattern(rf"{_BY}(?P<date>\d{{1,2}}[./]\d{{1,2}})\.?", read_numeric_date),
    date_pattern(rf"(?:in|during|for|by|until|this|next) {_MONTH_NAME}{_YEAR}?", read_month),
    date_pattern(rf"{_MONTH_NAME}{_YEAR}?", read_month, is_strong=False),
    date_pattern(rf"(?:on|by|before|until|for|over) (?P<holiday>{any_of(_HOLIDAYS)})", read_holiday),
)  # fmt: skip
_PERIOD_PATTERNS: Final = (
    date_pattern(rf"{_DURING}?(?:the )?(?P<which>this|next|coming|current|following) {_UNIT}", read_period),
    date_pattern(rf"{_DURING}the(?P<which>) {_UNIT}", read_period),
    date_pattern(r"(?:(?:by|at|before|until) )?(?:the )?end of (?:the )?(?:(?P<which>this|next) )?"
                 r"(?P<unit>day|week|month|year)(?P<short>)", read_end_of_period),
    date_pattern(r"(?:by )?(?P<short>eo[dwmy])(?P<which>)(?P<unit>)", read_end_of_period),
    date_pattern(rf"(?:(?:in|within|over|for|during) )?(?:the )?(?:next|coming) (?P<count>{CARDINAL}) {_SPAN_UNIT}",
                 read_coming_days),
    date_pattern(rf"within (?P<count>{CARDINAL}|an?) {_SPAN_UNIT}", read_coming_days),
)  # fmt: skip
DAY_PATTERNS: Final = (
    date_pattern(
        rf"{_ON}?(?P<day>today|tonight|tomm?orr?ow|tmrw?|(?:the )?day after tomorrow|yesterday)",
        read_relative_day,
    ),
    *_WEEKDAY_PATTERNS,
    *_CALENDAR_PATTERNS,
    *_PERIOD_PATTERNS,
)

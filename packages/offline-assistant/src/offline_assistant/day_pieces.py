"""The pieces of date phrases that name days: "next friday", "the 15th", "end of the month"."""

import re
from datetime import date, timedelta
from typing import Final

from offline_assistant.calendar_dates import days_ahead, next_month, parse_calendar_date
from offline_assistant.clock import Clock
from offline_assistant.date_parts import DateFragment, DatePattern, Reading
from offline_assistant.patterns import (
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
_BY: Final = r"(?:(?:on|by|before|until|till|due) )"  # "for 1/2" may be a half
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
    """Return 0 for "monday", "Mon" or "mondays", and so on."""
    return next(i for i, day in enumerate(WEEKDAYS) if day[:3] == name[:3].lower())


def next_weekday(weekday: int, today: date, *, may_be_today: bool = False) -> date:
    """Return the next day with that number of weekday."""
    ahead = (weekday - today.weekday()) % 7
    return today + timedelta(days=ahead if ahead or may_be_today else 7)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _relative_day(match: Match, clock: Clock) -> DateFragment:
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


def _weekday(match: Match, clock: Clock) -> DateFragment:
    number = weekday_number(match["name"])
    groups = match.groupdict()
    which = (groups.get("which") or "").lower()
    if groups.get("week") or which == "next":
        return DateFragment.on(_monday(clock.today) + timedelta(days=7 + number))
    if which == "last":
        return DateFragment.on(next_weekday(number, clock.today) - timedelta(days=7))
    return DateFragment.on(next_weekday(number, clock.today, may_be_today=which == "this"))


def _weeks_from_weekday(match: Match, clock: Clock) -> DateFragment:
    start = next_weekday(weekday_number(match["name"]), clock.today)
    return DateFragment.on(start + timedelta(weeks=min(to_number(match["count"]), 520)))


def _calendar_date(match: Match, clock: Clock) -> DateFragment | None:
    words = f"{to_number(match['day'])} {match['month'][:3]} {match['year'] or ''}".strip()
    day = parse_calendar_date(words, clock)
    return DateFragment.on(day, is_exact=True) if day else None


def _numeric_date(match: Match, clock: Clock) -> DateFragment | None:
    day = parse_calendar_date(_with_named_month(match["date"], clock), clock)
    return DateFragment.on(day, is_exact=True) if day else None


def _with_named_month(numbers: str, clock: Clock) -> str:
    """Return "24 dec 2026" for 24.12.2026, and for 12/24 where the month can only be the first."""
    if "-" in numbers:
        return numbers
    first, second, *year = (int(number) for number in re.split(r"[./]", numbers))
    month, day = (first, second) if clock.is_month_first else (second, first)
    if month > 12:
        month, day = day, month
    name = MONTHS[month - 1][:3] if 1 <= month <= 12 else "?"
    return " ".join([str(day), name, *map(str, year)])


def _day_of_month(match: Match, clock: Clock) -> DateFragment | None:
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


def _period(match: Match, clock: Clock) -> DateFragment:
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


def _end_of(match: Match, clock: Clock) -> DateFragment:
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


def _coming_days(match: Match, clock: Clock) -> DateFragment | None:
    count = to_number(match["count"])
    last = days_ahead(count, match["unit"].lower().rstrip("s"), clock)
    return DateFragment(first=clock.today, last=last, due_day=last) if last and count else None


def _month_period(match: Match, clock: Clock) -> DateFragment:
    number = next(i for i, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3].lower())
    year = int(match["year"] or clock.today.year + (number < clock.today.month))
    first = date(year, number, 1)
    return DateFragment(first=first, last=next_month(first) - timedelta(days=1))


def _holiday(match: Match, clock: Clock) -> DateFragment:
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


def _piece(pattern: str, read: Reading, *, is_strong: bool = True) -> DatePattern:
    return DatePattern(rx(rf"(?<![\w#-]){pattern}(?![\w-])"), read, is_strong=is_strong)


def _weekday_pieces() -> tuple[DatePattern, ...]:
    name, any_name = rf"(?P<name>{DAY_NAME})", rf"(?P<name>{DAY_NAME}|{_SHORT_DAY})"
    return (
        _piece(rf"{_ON}?{name} (?:of )?(?P<week>next week)", _weekday),
        _piece(rf"(?P<week>next week)(?: on)? {name}", _weekday),
        _piece(rf"{_ON}(?:{_WHICH} )?{any_name}", _weekday),
        _piece(rf"{_WHICH} {any_name}", _weekday),
        _piece(name, _weekday, is_strong=False),
        _piece(
            rf"{_ON}?(?P<count>{CARDINAL}|an?) weeks? (?:from|after) {name}", _weeks_from_weekday
        ),
    )


def _calendar_pieces() -> tuple[DatePattern, ...]:
    month, on_the = rf"(?P<month>{_MONTH})", rf"{_ON}?(?:the )?"
    of_month = r"(?: of(?: the)? (?P<which>this|next) month)"
    return (
        _piece(rf"{on_the}{_THE_DAY} (?:of )?{month}{_YEAR}?", _calendar_date),
        _piece(rf"{_ON}?{month} (?:the )?{_THE_DAY}{_YEAR}?", _calendar_date),
        _piece(rf"{_ON}(?:the )?(?P<day>{ORDINAL}){of_month}?", _day_of_month),
        _piece(rf"(?:the )?(?P<day>{ORDINAL}){of_month}", _day_of_month),
        _piece(rf"{_ON}?{DAY_NAME} (?P<which>)the (?P<day>{ORDINAL})", _day_of_month),
        _piece(
            r"(?:the )(?P<which>)(?P<day>\d{1,2}(?:st|nd|rd|th))", _day_of_month, is_strong=False
        ),
        _piece(
            rf"{_ON}?(?P<date>\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}})", _numeric_date
        ),
        _piece(rf"{_BY}(?P<date>\d{{1,2}}[./]\d{{1,2}})\.?", _numeric_date),
        _piece(rf"(?:in|during|for|by|until|this|next) {month}{_YEAR}?", _month_period),
        _piece(rf"{month}{_YEAR}?", _month_period, is_strong=False),
        _piece(rf"(?:on|by|before|until|for|over) (?P<holiday>{any_of(_HOLIDAYS)})", _holiday),
    )


def _period_pieces() -> tuple[DatePattern, ...]:
    unit = r"(?P<unit>weekend|week|month|year)"
    during = r"(?:(?:on|in|over|during|for|by|until|before|of|within|sometime) )"
    span_unit = r"(?P<unit>days?|weeks?|months?|years?)"
    return (
        _piece(rf"{during}?(?:the )?(?P<which>this|next|coming|current|following) {unit}", _period),
        _piece(rf"{during}the(?P<which>) {unit}", _period),
        _piece(
            r"(?:(?:by|at|before|until) )?(?:the )?end of (?:the )?(?:(?P<which>this|next) )?"
            r"(?P<unit>day|week|month|year)(?P<short>)",
            _end_of,
        ),
        _piece(r"(?:by )?(?P<short>eo[dwmy])(?P<which>)(?P<unit>)", _end_of),
        _piece(
            rf"(?:(?:in|within|over|for|during) )?(?:the )?(?:next|coming) (?P<count>{CARDINAL}) {span_unit}",
            _coming_days,
        ),
        _piece(rf"within (?P<count>{CARDINAL}|an?) {span_unit}", _coming_days),
    )


DAY_PIECES: Final = (
    _piece(
        rf"{_ON}?(?P<day>today|tonight|tomm?orr?ow|tmrw?|(?:the )?day after tomorrow|yesterday)",
        _relative_day,
    ),
    *_weekday_pieces(),
    *_calendar_pieces(),
    *_period_pieces(),
)

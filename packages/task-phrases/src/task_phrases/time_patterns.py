"""Date fragments that name times, delays and repetitions: "at 5", "in 2 hours", "every day"."""

import re
from datetime import timedelta
from typing import Final

from task_phrases.calendar_dates import days_ahead
from task_phrases.clock import Clock
from task_phrases.date_fragments import (
    MIDNIGHT,
    DateFragment,
    DayPart,
    Meridiem,
    WallTime,
    date_pattern,
)
from task_phrases.day_patterns import DAY_NAME, next_weekday, weekday_number
from task_phrases.patterns import CARDINAL, Match, any_of, to_amount, to_number, word_list

MAX_DELAY: Final = timedelta(days=3660)
_AT: Final = r"(?:(?:at|by|before|until|till|around|about|from|for|after|on) |@\s*)"
_HOURS: Final = word_list("one two three four five six seven eight nine ten eleven twelve")
_HOUR: Final = rf"(?:\d{{1,2}}|{any_of(_HOURS)})"
_MINUTES: Final = r"(?:ten|fifteen|thirty|(?:twenty|forty|fifty)(?:[\s-]five)?)"
_MERIDIEM: Final = r"(?P<meridiem>[ap]\.?\s?m\b\.?)"
# A bare "at 5" is a time only if no noun follows that could be counted ("look at 3 houses").
_NO_NOUN: Final = (
    r"(?=\s*(?:$|[,.;:!?)])| (?:on|in|at|remind|this|today|tonight|tomorrow|next|to|for|about|with|every|until|till|"
    rf"and|please|my|{DAY_NAME})\b)"
)
_COUNT: Final = rf"(?P<count>\d+\.\d+|{CARDINAL}|an?|a couple(?: of)?|a few|half an?)"
_UNIT: Final = (
    r"(?P<unit>minutes?|mins?|hours?|hrs?|days?|weeks?|fortnights?|months?|years?)"
    r"(?P<half> and a half)?"
    rf"(?:(?: and)? (?P<minutes>{CARDINAL}) min(?:ute)?s?)?"
)


def read_clock_time(match: Match, _clock: Clock) -> DateFragment | None:
    """Read "5pm", "17:45" or "five o'clock"; a leading zero ("05:30") means AM."""
    groups = match.groupdict()
    half = (groups.get("meridiem") or "").lower()[:1]
    hour = to_number(groups["hour"])
    minute = to_number(groups.get("minute") or groups.get("minute_word") or "0")
    if minute > 59 or hour > (12 if half else 23) or (half and hour == 0):
        return None
    meridiem: Meridiem | None = {"a": "am", "p": "pm"}.get(half)  # type: ignore[assignment]
    if not half and groups["hour"].startswith("0") and hour > 0:
        meridiem = "am"
    return DateFragment(wall=WallTime(hour, minute, meridiem))


def read_spoken_time(match: Match, _clock: Clock) -> DateFragment | None:
    """Read "half past five" or "ten to nine"."""
    words = match["minutes"].lower()
    minutes = 30 if words == "half" else 15 if "quarter" in words else to_number(words)
    hour = to_number(match["hour"])
    if not 1 <= minutes <= 59 or not 1 <= hour <= 12:
        return None
    if match["side"].lower() == "past":
        return DateFragment(wall=WallTime(hour, minutes))
    return DateFragment(wall=WallTime(hour - 1 or 12, 60 - minutes))


def read_named_time(match: Match, _clock: Clock) -> DateFragment:
    """Read "noon" or "midnight", the one that ends the day."""
    if match["name"].lower() == "midnight":
        return DateFragment(wall=WallTime(MIDNIGHT))
    return DateFragment(wall=WallTime(12, 0, "pm"))


def read_part_of_day(match: Match, clock: Clock) -> DateFragment:
    """Read "in the morning"; "this morning" is today."""
    word = match["part"].lower()
    part: DayPart = "noon" if word == "lunchtime" else word  # type: ignore[assignment]
    if match["lead"].lower().startswith("this"):
        return DateFragment(first=clock.today, last=clock.today, day_part=part)
    return DateFragment(day_part=part)


def read_delay(match: Match, clock: Clock) -> DateFragment | None:
    """Read "in 2 hours" as a moment and "in 2 weeks" as a day."""
    unit = match["unit"].lower().rstrip("s")
    amount = to_amount(match["count"]) + (0.5 if match["half"] else 0)
    if unit in {"minute", "min", "hour", "hr"}:
        minutes = amount * (60 if unit.startswith("h") else 1) + to_number(match["minutes"] or "0")
        delay = timedelta(minutes=minutes)
        return (
            DateFragment(instant=clock.after(delay)) if timedelta(0) < delay <= MAX_DELAY else None
        )
    if unit == "fortnight":
        amount, unit = amount * 2, "week"
    day = days_ahead(int(amount), unit, clock) if amount >= 1 else None
    return DateFragment.on(day) if day else None


def read_repetition(match: Match, clock: Clock) -> DateFragment:
    """Read "every tuesday" with its first day, or "weekly" without one."""
    weekday = re.search(DAY_NAME, match.group(), re.IGNORECASE)
    part = re.search(r"morning|afternoon|evening|night", match.group(), re.IGNORECASE)
    day_part: DayPart | None = part.group().lower() if part else None  # type: ignore[assignment]
    if weekday:
        day = next_weekday(weekday_number(weekday.group()), clock.today)
        return DateFragment(first=day, last=day, day_part=day_part, repeats=True)
    if day_part or re.search(r"day\b|daily", match.group(), re.IGNORECASE):
        return DateFragment(first=clock.today, last=clock.today, day_part=day_part, repeats=True)
    return DateFragment(repeats=True)


_READ_HOUR: Final = rf"(?P<hour>{_HOUR})"
_READ_MINUTE: Final = rf"(?:[:.](?P<minute>\d\d)| (?P<minute_word>{_MINUTES}))"
_UNTIL: Final = (
    rf"(?: (?:to|until|till|and) |\s*[-\u2013]\s*)(?:at )?{_HOUR}(?:[:.]\d\d| {_MINUTES})?"
    r"\s*(?:[ap]\.?\s?m\b\.?|o'clock)?"
)
_CLOCK_PATTERNS: Final = (
    date_pattern(rf"{_AT}?{_READ_HOUR}{_READ_MINUTE}?\s*(?:o'clock\s*)?{_MERIDIEM}", read_clock_time),
    date_pattern(rf"{_AT}?{_READ_HOUR} ?o'clock", read_clock_time),
    date_pattern(rf"{_AT}(?P<hour>\d{{1,2}}):(?P<minute>\d\d)", read_clock_time),
    date_pattern(r"(?P<hour>\d{1,2}):(?P<minute>\d\d)", read_clock_time, is_strong=False),
    date_pattern(rf"(?:at|by|before|until|around|@)\s*{_READ_HOUR}(?: (?P<minute_word>{_MINUTES}))?{_NO_NOUN}",
                 read_clock_time),
    date_pattern(rf"(?:(?:from|between) ){_READ_HOUR}{_READ_MINUTE}?\s*{_MERIDIEM}?{_UNTIL}",
                 read_clock_time, keeps_text=True),
    date_pattern(rf"{_READ_HOUR}{_READ_MINUTE}?\s*{_MERIDIEM}{_UNTIL}", read_clock_time, keeps_text=True),
    date_pattern(rf"{_AT}?(?P<minutes>half|(?:a )?quarter|{CARDINAL}(?: minutes)?) (?P<side>past|to) "
                 rf"{_READ_HOUR}(?:\s*o'clock)?", read_spoken_time),
    date_pattern(rf"{_AT}(?P<name>noon|midday|midnight)", read_named_time),
    date_pattern(r"(?P<name>noon|midday|midnight)", read_named_time, is_strong=False),
)  # fmt: skip
TIME_PATTERNS: Final = (
    *_CLOCK_PATTERNS,
    date_pattern(r"(?P<lead>in the |this |at |during the )(?P<part>morning|afternoon|evening|night|lunchtime)",
                 read_part_of_day),
    date_pattern(r"(?P<lead>)(?P<part>morning|afternoon|evening|night)", read_part_of_day, needs_neighbour=True),
    date_pattern(rf"(?:in|after) {_COUNT} {_UNIT}(?:' time)?", read_delay),
    date_pattern(rf"{_COUNT} {_UNIT} (?:from (?:now|today)|later)", read_delay),
    date_pattern(rf"(?:on )?(?:every|each) (?:single |other |second |{CARDINAL} )?"
                 rf"(?:days?|weekday|weekend|weeks?|months?|years?|morning|afternoon|evening|night|hours?|"
                 rf"{DAY_NAME}(?:(?:,| and|,? )\s*(?:and )?{DAY_NAME})*)"
                 r"(?: (?:morning|afternoon|evening|night))?", read_repetition),
    date_pattern(rf"on {DAY_NAME}s(?:(?:,| and) {DAY_NAME}s)*", read_repetition),
    date_pattern(r"(?:everyday|daily|weekly|monthly|yearly|annually)(?=\s*$|[,.;!]| at\b)", read_repetition),
)  # fmt: skip

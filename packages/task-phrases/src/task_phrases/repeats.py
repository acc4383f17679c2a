"""Finds phrases that repeat a task ("every second tuesday") and reads them as RFC 5545 rules."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from task_phrases.calendar_dates import days_ahead
from task_phrases.clock import Clock
from task_phrases.date_fragments import MIDNIGHT, DateFragment, DayPart, ResolvedDate
from task_phrases.dates import DatePhrase, find_dates, join_dates
from task_phrases.day_patterns import DAY_NAME, MONTHS, next_weekday, weekday_number
from task_phrases.patterns import CARDINAL, ORDINAL, Match, Pattern, any_of, rx, to_number

MAX_INTERVAL: Final = 1000
MAX_COUNT: Final = 1000
_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS: Final = {
    "everyday": ("day", 1),
    "daily": ("day", 1),
    "weekly": ("week", 1),
    "biweekly": ("week", 2),
    "fortnightly": ("week", 2),
    "monthly": ("month", 1),
    "quarterly": ("month", 3),
    "yearly": ("year", 1),
    "annually": ("year", 1),
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """A repetition by days, weeks, months or years.

    Attributes:
        weekdays: 0 is Monday.
        week: with `weekdays`, their number in the month; -1 is the last. 0 means every week.
        month_day: the day of the month; -1 is the last. 0 means that of the due date.
        month: 1 to 12; 0 means that of the due date.
    """

    frequency: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    week: int = 0
    month_day: int = 0
    month: int = 0

    @property
    def rule(self) -> str:
        """The RRULE of RFC 5545, such as "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.month:
            parts.append(f"BYMONTH={self.month}")
        if self.month_day:
            parts.append(f"BYMONTHDAY={self.month_day}")
        if self.weekdays:
            week = str(self.week or "")
            parts.append("BYDAY=" + ",".join(week + _CODES[day] for day in self.weekdays))
        return ";".join(parts)

    def first_day(self, earliest: date) -> date:
        """Return the first day of the repetition that isn't before `earliest`."""
        if self.weekdays and not self.week:
            return min(next_weekday(day, earliest, may_be_today=True) for day in self.weekdays)
        if not self.month_day and not self.week:
            return earliest
        year, month = earliest.year, self.month or earliest.month
        while (day := self._day_in(year, month)) < earliest:
            year, month = (
                (year, month + 1) if month < 12 and not self.month else (year + 1, self.month or 1)
            )
        return day

    def _day_in(self, year: int, month: int) -> date:
        """Return the day in a month; the last one, if the month is too short."""
        last = calendar.monthrange(year, month)[1]
        if self.month_day:
            return date(year, month, last if self.month_day < 0 else min(self.month_day, last))
        first = next_weekday(self.weekdays[0], date(year, month, 1), may_be_today=True)
        days = range(first.day, last + 1, 7)
        return date(year, month, days[self.week if self.week < 0 else self.week - 1])


@dataclass(frozen=True, slots=True)
class RepeatPhrase:
    """A part of a text that repeats a task.

    Attributes:
        spans: where it is: the repetition, and its end if a time stands between them ("every day at
            9 until friday").
        from_completion: the next task is due an interval after this one is completed.
        day_part: set by "every morning".
        until, count: the end of the series; at most one of them is set.
    """

    spans: tuple[tuple[int, int], ...]
    repeat: Repeat
    from_completion: bool = False
    day_part: DayPart | None = None
    until: date | None = None
    count: int | None = None


def find_repeat(text: str, clock: Clock) -> RepeatPhrase | None:
    """Return the first phrase of a text that repeats a task, with its end ("until march", "5 times")."""
    for pattern, read in _PATTERNS:
        match = pattern.search(text)
        repeat = read(match) if match else None
        if match and repeat and repeat.interval <= MAX_INTERVAL:
            part = _DAY_PART.search(match.group())
            done = _AFTER_COMPLETION.match(text[match.end() :])
            end = match.end() + (done.end() if done else 0)
            phrase = RepeatPhrase(
                spans=((match.start(), end),),
                repeat=repeat,
                from_completion=done is not None or match.group().partition(" ")[0].endswith("!"),
                day_part=part.group().lower() if part else None,  # type: ignore[arg-type]
            )
            return read_end(text, phrase, clock)
    return None


def read_end(text: str, phrase: RepeatPhrase, clock: Clock) -> RepeatPhrase:
    """Add the end of the series, which follows the repetition or a time after it."""
    start, end = phrase.spans[0]
    ending = _UNTIL.search(text, end)
    time_text = text[end : ending.start() if ending else None]
    times = [found for found in find_dates(time_text, clock) if found.start <= 1]
    for behind in (end, *(end + found.end for found in times)):
        found_end = find_end(text[behind:], clock)
        if found_end is not None:
            length, until, count = found_end
            last = (behind, behind + length)
            spans = ((start, last[1]),) if behind == end else ((start, end), last)
            return replace(phrase, spans=spans, until=until, count=count)
    return phrase


def find_end(text: str, clock: Clock) -> tuple[int, date | None, int | None] | None:
    """Return the length of the series' end at the start of a text, its last day, and its count."""
    times = _TIMES.match(text)
    if times and 1 <= to_number(times["count"]) <= MAX_COUNT:
        return times.end(), None, to_number(times["count"])
    span = _SPAN.match(text)
    last = days_ahead(to_number(span["count"]), span["unit"].lower(), clock) if span else None
    if span and last:
        return span.end(), last, None
    if ending := _UNTIL.match(text):
        days = [found for found in find_dates(text, clock) if found.start <= ending.end() + 1]
        if days and (last := _last_day(days[-1])):
            return days[-1].end, last, None
    return None


def first_due(repeat: RepeatPhrase, times: list[DatePhrase], clock: Clock) -> ResolvedDate | None:
    """Return the first day of a repetition, at the time that phrases name, if it isn't past."""
    ends_day = any(
        part.wall and part.wall.hour == MIDNIGHT for phrase in times for part in phrase.fragments
    )
    when = None
    for earliest in (clock.today, clock.today + timedelta(days=1)):
        day = repeat.repeat.first_day(earliest)
        fragment = DateFragment(first=day, last=day, day_part=repeat.day_part, repeats=True)
        start = DatePhrase(0, 0, ResolvedDate(), (fragment,), is_strong=True, keeps_text=False)
        when = join_dates([start, *times], clock)
        # A time that has passed today moves to tomorrow, which may not be a day of the repetition.
        if when is None or when.at is None or when.at.date() == day or ends_day:
            return when
    return when


def _last_day(phrase: DatePhrase) -> date | None:
    return phrase.when.due_day or phrase.when.last or phrase.when.first


def read_unit(match: Match) -> Repeat | None:
    """Read "every 3 days", "every other week on monday" or "every month on the 15th"."""
    groups = match.groupdict()
    interval = _interval(groups.get("count"))
    unit = groups["unit"].lower().rstrip("s")
    if unit == "quarter":
        interval, unit = interval * 3, "month"
    if unit == "fortnight":
        interval, unit = interval * 2, "week"
    weekdays = _weekdays(groups.get("days"))
    month_day = to_number(groups.get("month_day") or "0")
    if interval == 0 or (weekdays and unit != "week") or (month_day and unit != "month"):
        return None
    return Repeat(
        _FREQUENCIES[unit], interval, weekdays, month_day=month_day if month_day <= 31 else 0
    )


def read_weekdays(match: Match) -> Repeat | None:
    """Read "every monday and thursday", "every other friday" or "on mondays"."""
    interval = _interval(match.groupdict().get("count"))
    return Repeat("WEEKLY", interval, _weekdays(match["days"])) if interval else None


def read_named_days(match: Match) -> Repeat:
    """Read "every weekday" or "every weekend"."""
    is_weekend = match["name"].lower().startswith("weekend")
    return Repeat("WEEKLY", 1, (5, 6) if is_weekend else (0, 1, 2, 3, 4))


def read_week_of_month(match: Match) -> Repeat | None:
    """Read "every first monday" or "every second tuesday of the month"."""
    word = match["week"].lower()
    week = -1 if word == "last" else to_number(word)
    if not -1 <= week <= 4:
        return None
    return Repeat("MONTHLY", 1, _weekdays(match["days"]), week=week)


def read_month_day(match: Match) -> Repeat | None:
    """Read "every 15th" or "every last day of the month"."""
    day = -1 if match["day"].lower().startswith("last") else to_number(match["day"])
    return Repeat("MONTHLY", month_day=day) if -1 <= day <= 31 else None


def read_year_day(match: Match) -> Repeat | None:
    """Read "every 15 january" or "every january 15th"."""
    day = to_number(match["day"])
    month = next(i for i, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3].lower())
    if not 1 <= day <= calendar.monthrange(2024, month)[1]:
        return None
    return Repeat("YEARLY", month=month, month_day=day)


def read_day_part(_match: Match) -> Repeat:
    """Read "every morning"; the part of the day is the phrase's."""
    return Repeat("DAILY")


def read_adverb(match: Match) -> Repeat:
    """Read "daily" or "quarterly"."""
    unit, interval = _ADVERBS[match["adverb"].lower()]
    return Repeat(_FREQUENCIES[unit], interval)


def _interval(words: str | None) -> int:
    """Return 1 for no words, 2 for "other"; 0 for what isn't a number."""
    if not words:
        return 1
    return 2 if words.strip().lower() == "other" else to_number(words)


def _weekdays(text: str | None) -> tuple[int, ...]:
    names = re.findall(_ANY_DAY, text or "", re.IGNORECASE)
    return tuple(sorted({weekday_number(name) for name in names}))


_EVERY: Final = r"(?<![\w#-])(?:every|each|ev)!?"
_ANY_DAY: Final = rf"(?:{DAY_NAME}|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)"
_DAYS: Final = rf"(?P<days>{_ANY_DAY}s?(?:(?: ?, ?(?:and )?| and | ?& ?){_ANY_DAY}s?)*)"
_COUNT: Final = rf"(?P<count>other|{ORDINAL}|{CARDINAL})"
_UNIT: Final = r"(?P<unit>days?|weeks?|fortnights?|months?|quarters?|years?)"
_MONTH: Final = (
    rf"(?P<month>{any_of(MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
)
_PART: Final = r"(?: (?:morning|afternoon|evening|night))"
_OF_MONTH: Final = r" of (?:the|each|every) month"
_DAY_PART: Final = rx(r"\b(?:morning|afternoon|evening|night)$")
_AFTER_COMPLETION: Final = rx(
    r" (?:after|from|since) (?:i(?:'ve)? (?:did|do|done|finish(?:ed)?|complete(?:d)?)(?: it| this)?"
    r"|completion|completing(?: it| this)?|(?:it's |it is )?(?:done|completed|finished))\b"
)
_TIMES: Final = rx(rf"(?: ?,)?(?: for)? (?P<count>{CARDINAL}) times\b")
_SPAN: Final = rx(
    rf"(?: ?,)? for (?:the next )?(?P<count>{CARDINAL}|an?) (?P<unit>day|week|month|year)s?\b"
)
_UNTIL: Final = rx(r"(?: ?,)? (?:until|till|ending(?: on)?|through)(?= )")

Reader = Callable[[Match], Repeat | None]
_END: Final = r"(?![\w-])"
_PATTERNS: Final[tuple[tuple[Pattern, Reader], ...]] = (
    (rx(rf"(?<![\w#-])(?:on |by )?the (?P<day>{ORDINAL}|last)(?: day)? (?:of|in) (?:every|each) month{_END}"),
     read_month_day),
    (rx(rf"{_EVERY} (?P<week>last|{ORDINAL}) {_DAYS}{_OF_MONTH}{_END}"), read_week_of_month),
    (rx(rf"{_EVERY} (?P<week>last|first|1st) {_DAYS}{_END}"), read_week_of_month),
    (rx(rf"{_EVERY} {_COUNT} {_DAYS}{_PART}?{_END}"), read_weekdays),
    (rx(rf"{_EVERY} (?:single )?{_DAYS}{_PART}?{_END}"), read_weekdays),
    (rx(rf"{_EVERY} (?P<day>{ORDINAL}) (?:of )?{_MONTH}{_END}"), read_year_day),
    (rx(rf"{_EVERY} (?P<day>\d{{1,2}}) {_MONTH}{_END}"), read_year_day),
    (rx(rf"{_EVERY} {_MONTH} (?:the )?(?P<day>{ORDINAL}|\d{{1,2}}){_END}"), read_year_day),
    (rx(rf"{_EVERY} (?P<day>last day|{ORDINAL})(?: day)?{_OF_MONTH}{_END}"), read_month_day),
    (rx(rf"{_EVERY} (?:{_COUNT} |single )?{_UNIT}(?: on (?:the )?(?:{_DAYS}|(?P<month_day>{ORDINAL})))?{_END}"),
     read_unit),
    (rx(rf"{_EVERY} (?:the )?(?P<day>last day|{ORDINAL}){_END}"), read_month_day),
    (rx(rf"{_EVERY} (?P<name>weekday|work(?:ing )?day|weekend)s?{_END}"), read_named_days),
    (rx(rf"{_EVERY} (?:morning|afternoon|evening|night){_END}"), read_day_part),
    (rx(rf"(?<![\w#-])on (?P<days>{DAY_NAME}s(?:(?: ?, ?(?:and )?| and ){DAY_NAME}s)*){_END}"), read_weekdays),
    (rx(rf"(?<![\w#-])(?P<adverb>{any_of(_ADVERBS)})(?=\s*$|[,.;!]| (?:at|on|until|till|for|from|after|starting)\b)"),
     read_adverb),
)  # fmt: skip

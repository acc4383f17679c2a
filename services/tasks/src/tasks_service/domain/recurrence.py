"""Recurrence rules: the supported part of RFC 5545, and their occurrences in local time.

A rule is accepted only if each of its periods has an occurrence, or at least one period of a few
years. So the search for the next occurrence is short, whatever the rule says.

One deviation from the RFC: where a month is too short for a day of BYMONTHDAY, the occurrence is on
the month's last day instead of being left out.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NoReturn

import msgspec
from dateutil import rrule

from tasks_service.domain.text import invalid

Frequency = Literal["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

MAX_RULE_CHARS: Final = 500
MAX_INTERVAL: Final = 999
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SHORTEST_MONTH: Final = 28
LONGEST_MONTH: Final = 31

_PARTS: Final[Mapping[Frequency, frozenset[str]]] = {
    "HOURLY": frozenset(),
    "DAILY": frozenset({"BYMONTH", "BYDAY"}),
    "WEEKLY": frozenset({"BYMONTH", "BYDAY"}),
    "MONTHLY": frozenset({"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"}),
    "YEARLY": frozenset({"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"}),
}
_ALWAYS: Final = frozenset({"FREQ", "INTERVAL", "WKST"})
_FREQUENCIES: Final[Mapping[Frequency, Literal[0, 1, 2, 3, 4]]] = {
    "HOURLY": rrule.HOURLY,
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
    "YEARLY": rrule.YEARLY,
}


class Weekday(msgspec.Struct, frozen=True, order=True):
    """A value of BYDAY: every one of these days, or the nth (from the end if negative)."""

    index: int
    ordinal: int = 0

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{WEEKDAYS[self.index]}"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A valid rule; an empty part isn't given."""

    frequency: Frequency
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def __str__(self) -> str:
        parts = {
            "FREQ": self.frequency,
            "INTERVAL": "" if self.interval == 1 else str(self.interval),
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": ",".join(map(str, self.weekdays)),
            "BYSETPOS": ",".join(map(str, self.positions)),
            "WKST": WEEKDAYS[self.week_start] if self.week_start else "",
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    def on_days_of(self, day: dt.date) -> "Rule":
        """Return the rule with the days that it leaves to its first occurrence."""
        if self.weekdays or self.month_days or self.frequency in ("HOURLY", "DAILY"):
            return self
        if self.frequency == "WEEKLY":
            return msgspec.structs.replace(self, weekdays=(Weekday(day.weekday()),))
        months = (day.month,) if self.frequency == "YEARLY" and not self.months else self.months
        return msgspec.structs.replace(self, months=months, month_days=(day.day,))


def split_rule(text: str, *, pointer: str) -> dict[str, str]:
    """Split a rule into its parts, in upper case.

    Raises:
        InvalidInputError: it isn't a list of parts, or a part is given twice.
    """
    if len(text) > MAX_RULE_CHARS:
        raise invalid(pointer, f"must have at most {MAX_RULE_CHARS} characters")
    parts: dict[str, str] = {}
    for part in text.upper().strip().removeprefix("RRULE:").removesuffix(";").split(";"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise invalid(pointer, "must be an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=MO")
        if name in parts:
            raise invalid(pointer, f"{name} is given twice")
        parts[name] = value
    return parts


def parse_rule(parts: Mapping[str, str], *, pointer: str) -> Rule:
    """Parse the parts of a rule, without UNTIL and COUNT.

    Raises:
        InvalidInputError: a part is unsupported or has an invalid value; the error names it.
    """

    def fail(detail: str) -> NoReturn:
        raise invalid(pointer, detail)

    frequency = next((name for name in _PARTS if name == parts.get("FREQ")), None)
    if frequency is None:
        said = f"FREQ={parts['FREQ'][:20]} isn't supported" if "FREQ" in parts else "needs FREQ"
        fail(f"{said}; use one of {', '.join(_PARTS)}")
    if unsupported := sorted(set(parts) - _PARTS[frequency] - _ALWAYS):
        named = ", ".join(name[:20] for name in unsupported)
        fail(f"unsupported with FREQ={frequency}: {named}")

    def numbers(name: str, limit: int, *, is_signed: bool = False) -> tuple[int, ...]:
        lowest = -limit if is_signed else 1
        found = [int(each) if is_integer(each) else 0 for each in part_values(parts, name)]
        if not all(each and lowest <= each <= limit for each in found):
            signed = f", or -1 to -{limit}" if is_signed else ""
            fail(f"{name} must be 1 to {limit}{signed}")
        return tuple(sorted(set(found)))

    week_start = parts.get("WKST", "MO")
    if week_start not in WEEKDAYS:
        fail("WKST must be a weekday such as MO")
    intervals = numbers("INTERVAL", MAX_INTERVAL)
    if len(intervals) > 1:
        fail("INTERVAL must be one number")
    rule = Rule(
        frequency=frequency,
        interval=intervals[0] if intervals else 1,
        months=numbers("BYMONTH", 12),
        month_days=numbers("BYMONTHDAY", LONGEST_MONTH, is_signed=True),
        weekdays=parse_weekdays(part_values(parts, "BYDAY"), fail),
        positions=numbers("BYSETPOS", 366, is_signed=True),
        week_start=WEEKDAYS.index(week_start) if frequency == "WEEKLY" else 0,
    )
    for problem in rule_problems(rule):
        fail(problem)
    return rule


def next_occurrence(rule: Rule, planned: dt.datetime, after: dt.datetime) -> dt.datetime | None:
    """Return the first occurrence after a time that isn't before `planned`; None after year 9999.

    Args:
        planned: an occurrence, or the start of the series; its day and time complete the rule.
    """
    complete = rule.on_days_of(planned.date())
    try:
        start = period_before(complete, planned, after)
    except OverflowError:
        return None
    found = [each.after(after) for each in expansions(complete, start)]
    return min((each for each in found if each is not None), default=None)


def is_integer(text: str) -> bool:
    """Return whether a text is a short decimal number, with an optional sign."""
    digits = text.removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdigit() and len(text) <= 5


def part_values(parts: Mapping[str, str], name: str) -> list[str]:
    """Return the values of a part; none if it isn't given."""
    return parts[name].split(",") if name in parts else []


def parse_weekdays(values: list[str], fail: Callable[[str], NoReturn]) -> tuple[Weekday, ...]:
    """Parse the values of BYDAY; call `fail` for an invalid one."""
    found = set()
    for value in values:
        ordinal, name = value[:-2], value[-2:]
        if name not in WEEKDAYS or (ordinal and not (is_integer(ordinal) and int(ordinal))):
            fail("BYDAY must be weekdays such as MO or -1FR")
        found.add(Weekday(WEEKDAYS.index(name), int(ordinal or 0)))
    return tuple(sorted(found))


def rule_problems(rule: Rule) -> Iterator[str]:
    """Yield the reasons why some periods of a rule, or all, could have no occurrence."""
    ordinals = [abs(each.ordinal) for each in rule.weekdays if each.ordinal]
    if rule.interval > 1 and rule.months and rule.frequency != "YEARLY":
        yield f"BYMONTH needs INTERVAL=1 with FREQ={rule.frequency}"
    if rule.interval > 1 and rule.weekdays and rule.frequency == "DAILY":
        yield "BYDAY needs INTERVAL=1 with FREQ=DAILY; use FREQ=WEEKLY"
    if ordinals and rule.frequency in ("DAILY", "WEEKLY"):
        yield f"BYDAY can't have numbers with FREQ={rule.frequency}"
    if max(ordinals, default=0) > highest_ordinal(rule):
        yield f"BYDAY can't have numbers beyond {highest_ordinal(rule)} here; use -1 for the last"
    if rule.weekdays and rule.month_days:
        is_monthly = rule.frequency == "MONTHLY" and rule.interval == 1 and not rule.months
        if ordinals or rule.positions or not is_monthly:
            yield "BYMONTHDAY can have BYDAY only with FREQ=MONTHLY and no other parts"
    if rule.positions:
        if ordinals or not (rule.weekdays or rule.month_days):
            yield "BYSETPOS needs BYDAY without numbers, or BYMONTHDAY"
        highest = max(map(abs, rule.positions))
        if highest > fewest_days(rule):
            yield f"BYSETPOS={highest} is beyond the {fewest_days(rule)} days of each period"


def highest_ordinal(rule: Rule) -> int:
    """Return up to which number a weekday exists in each period, or soon in another one."""
    if rule.frequency == "YEARLY":
        return 4 if rule.months else 52
    return 4 if rule.months or rule.interval >= 12 else 5


def fewest_days(rule: Rule) -> int:
    """Return how many days BYDAY or BYMONTHDAY leave in the shortest period."""
    months = (len(rule.months) or 12) if rule.frequency == "YEARLY" else 1
    if rule.weekdays:
        weeks = 52 if rule.frequency == "YEARLY" and not rule.months else 4 * months
        return len(rule.weekdays) * weeks
    # The last days of a month can be the same as some counted from its start.
    from_start = sum(0 < day <= SHORTEST_MONTH for day in rule.month_days)
    from_end = sum(-SHORTEST_MONTH <= day < 0 for day in rule.month_days)
    return max(from_start, from_end) * months


def period_before(rule: Rule, planned: dt.datetime, after: dt.datetime) -> dt.datetime:
    """Return the start of the rule's last period that starts before a time or at it."""
    match rule.frequency:
        case "HOURLY" | "DAILY" | "WEEKLY":
            days = (planned.weekday() - rule.week_start) % 7 if rule.frequency == "WEEKLY" else 0
            start = planned - dt.timedelta(days=days)
            unit = {"HOURLY": dt.timedelta(hours=1), "DAILY": dt.timedelta(days=1)}
            step = unit.get(rule.frequency, dt.timedelta(weeks=1)) * rule.interval
            return start + (after - start) // step * step
        case "MONTHLY":
            months = (after.year - planned.year) * 12 + after.month - planned.month
            month = planned.month - 1 + months // rule.interval * rule.interval
            return planned.replace(year=planned.year + month // 12, month=month % 12 + 1, day=1)
        case "YEARLY":
            years = (after.year - planned.year) // rule.interval * rule.interval
            return planned.replace(year=planned.year + years, month=1, day=1)


def expansions(rule: Rule, start: dt.datetime) -> Iterator[rrule.rrule]:
    """Yield rules of dateutil that have the occurrences together.

    A day after the 28th becomes "the last one of the 28th to that day". Weekdays with and without
    numbers are apart, because dateutil would look for days that are both.
    """
    numbered = tuple(day for day in rule.weekdays if day.ordinal)
    if numbered and len(numbered) < len(rule.weekdays):
        plain = tuple(day for day in rule.weekdays if not day.ordinal)
        for weekdays in (numbered, plain):
            yield from expansions(msgspec.structs.replace(rule, weekdays=weekdays), start)
        return

    def expand(
        months: tuple[int, ...], month_days: tuple[int, ...], positions: tuple[int, ...]
    ) -> rrule.rrule:
        days = [
            rrule.weekday(day.index, day.ordinal) if day.ordinal else rrule.weekday(day.index)
            for day in rule.weekdays
        ]
        return rrule.rrule(
            _FREQUENCIES[rule.frequency],
            dtstart=start,
            interval=rule.interval,
            wkst=rule.week_start,
            bymonth=months or None,
            bymonthday=month_days or None,
            byweekday=days or None,
            bysetpos=positions or None,
        )

    late = [day for day in rule.month_days if abs(day) > SHORTEST_MONTH]
    if not late or rule.weekdays or rule.positions:
        yield expand(rule.months, rule.month_days, rule.positions)
        return
    if early := tuple(day for day in rule.month_days if day not in late):
        yield expand(rule.months, early, ())
    each_month: list[tuple[int, ...]] = [rule.months]
    if rule.frequency == "YEARLY":  # where positions count from the start of the year
        each_month = [(month,) for month in rule.months or range(1, 13)]
    for day in late:
        days = range(SHORTEST_MONTH, day + 1) if day > 0 else range(day, 1 - SHORTEST_MONTH)
        for months in each_month:
            yield expand(months, tuple(days), (-1 if day > 0 else 1,))

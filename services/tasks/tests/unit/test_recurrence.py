"""Recurrence rules, compared with a plain search through all days."""

import calendar
import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_service.domain.recurrence import (
    WEEKDAYS,
    Rule,
    Weekday,
    next_occurrence,
    parse_rule,
    split_rule,
)
from todochat.errors import InvalidInputError

POINTER = "/repeat/rule"
DAY = dt.timedelta(days=1)
STEPS = 6


def rule_from(text: str) -> Rule:
    return parse_rule(split_rule(text, pointer=POINTER), pointer=POINTER)


def dates(text: str, start: str, count: int = STEPS) -> list[str]:
    """Return the occurrences after the start, each found from the one before."""
    rule, moment = rule_from(text), dt.datetime.fromisoformat(start)
    found = []
    for _ in range(count):
        following = next_occurrence(rule, moment, moment)
        assert following is not None
        found.append(following.isoformat(timespec="minutes"))
        moment = following
    return [each.removesuffix("T00:00") for each in found]


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY", "2026-12-30T09:00", ["2026-12-31T09:00", "2027-01-01T09:00"]),
        ("FREQ=DAILY;INTERVAL=3", "2026-02-27", ["2026-03-02", "2026-03-05"]),
        ("FREQ=DAILY;BYDAY=SA,SU", "2026-11-23", ["2026-11-28", "2026-11-29", "2026-12-05"]),
        ("FREQ=WEEKLY", "2026-11-25", ["2026-12-02", "2026-12-09"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "2026-11-25", ["2026-12-07", "2026-12-09"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "2026-11-22", ["2026-11-23", "2026-12-06"]),
        ("FREQ=MONTHLY", "2026-11-15", ["2026-12-15", "2027-01-15"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2028-01-31", ["2028-02-29", "2028-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=30,31", "2026-01-31", ["2026-02-28", "2026-03-30", "2026-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-31", "2026-01-01", ["2026-02-01", "2026-03-01"]),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-10", ["2026-12-08", "2027-01-12"]),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-11-30", ["2027-03-29", "2027-05-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-11-30", ["2026-12-31", "2027-01-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2026-01-31", ["2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-11-13", ["2027-08-13", "2028-10-13"]),
        ("FREQ=YEARLY", "2026-11-30", ["2027-11-30", "2028-11-30"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("FREQ=YEARLY;BYMONTH=1,4;BYMONTHDAY=31", "2026-01-31", ["2026-04-30", "2027-01-31"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26", ["2027-11-25", "2028-11-23"]),
        ("FREQ=HOURLY;INTERVAL=8", "2026-11-23T16:00", ["2026-11-24", "2026-11-24T08:00"]),
    ],
)  # fmt: skip
def test_occurrences_of_common_rules(rule: str, start: str, expected: list[str]) -> None:
    assert dates(rule, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("rule", "detail"),
    [
        ("every day", "must be an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice"),
        ("INTERVAL=2", "needs FREQ; use one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY isn't supported; use one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;BYHOUR=9;BYSECOND=1", "unsupported with FREQ=DAILY: BYHOUR, BYSECOND"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYEASTER=1", "unsupported with FREQ=YEARLY: BYEASTER, BYWEEKNO"),
        ("FREQ=HOURLY;BYDAY=MO", "unsupported with FREQ=HOURLY: BYDAY"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=99999999999", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL must be one number"),
        ("FREQ=DAILY;INTERVAL=٣", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "BYDAY needs INTERVAL=1 with FREQ=DAILY; use FREQ=WEEKLY"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=2", "BYMONTH needs INTERVAL=1 with FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY must be 1 to 31, or -1 to -31"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH must be 1 to 12"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY must be weekdays such as MO or -1FR"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY can't have numbers with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY can't have numbers beyond 5 here; use -1 for the last"),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=5MO", "BYDAY can't have numbers beyond 4 here; use -1 for the last"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "BYSETPOS=6 is beyond the 4 days of each period"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs BYDAY without numbers, or BYMONTHDAY"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=9", "BYMONTHDAY can have BYDAY only with FREQ=MONTHLY and no other parts"),
        ("FREQ=WEEKLY;WKST=XX", "WKST must be a weekday such as MO"),
        ("FREQ=DAILY;BYDAY=" + "MO," * 200, "must have at most 500 characters"),
    ],
)  # fmt: skip
def test_unsupported_part_is_named(rule: str, detail: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        rule_from(rule)

    assert caught.value.detail == f"{POINTER}: {detail}"


@pytest.mark.parametrize(
    ("given_rule", "kept"),
    [
        ("rrule:freq=weekly;byday=mo;", "FREQ=WEEKLY;BYDAY=MO"),
        ("BYDAY=-1FR,+2MO;FREQ=MONTHLY;INTERVAL=1", "FREQ=MONTHLY;BYDAY=2MO,-1FR"),
        ("FREQ=DAILY;WKST=SU", "FREQ=DAILY"),
        ("FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;WKST=SU"),
    ],
)
def test_rule_is_kept_in_one_form(given_rule: str, kept: str) -> None:
    assert str(rule_from(given_rule)) == kept
    assert rule_from(kept) == rule_from(given_rule)


def reference(rule: Rule, start: dt.date) -> Iterator[dt.date]:
    """Yield the days of a rule from its start, by looking at each day of each period."""
    rule = rule.on_days_of(start)
    day = start
    period: list[dt.date] = []
    days: list[dt.date] = []
    while True:
        if day not in period:
            period = period_of(rule, day)
            days = chosen(rule, period) if is_active(rule, start, day) else []
        if day in days:
            yield day
        day += DAY


def period_of(rule: Rule, day: dt.date) -> list[dt.date]:
    first, length = day, 1
    if rule.frequency == "WEEKLY":
        first, length = day - DAY * ((day.weekday() - rule.week_start) % 7), 7
    elif rule.frequency == "MONTHLY":
        first, length = day.replace(day=1), days_in_month(day)
    elif rule.frequency == "YEARLY":
        first, length = day.replace(month=1, day=1), 365 + calendar.isleap(day.year)
    return [first + DAY * number for number in range(length)]


def is_active(rule: Rule, start: dt.date, day: dt.date) -> bool:
    first, now = period_of(rule, start)[0], period_of(rule, day)[0]
    match rule.frequency:
        case "WEEKLY":
            distance = (now - first).days // 7
        case "MONTHLY":
            distance = (now.year - first.year) * 12 + now.month - first.month
        case "YEARLY":
            distance = now.year - first.year
        case _:
            distance = (now - first).days
    return distance % rule.interval == 0


def chosen(rule: Rule, period: list[dt.date]) -> list[dt.date]:
    """Return the days of a period that a rule chooses."""
    days = [
        day
        for day in period
        if (not rule.months or day.month in rule.months)
        and is_month_day(rule, day)
        and is_weekday(rule, day, len(period))
    ]
    if not rule.positions:
        return days
    return [days[at - 1 if at > 0 else at] for at in rule.positions if abs(at) <= len(days)]


def is_month_day(rule: Rule, day: dt.date) -> bool:
    length = days_in_month(day)
    moves = not (rule.weekdays or rule.positions)
    wanted = [min(max(n, -length), length) if moves else n for n in rule.month_days]
    return not wanted or day.day in wanted or day.day - length - 1 in wanted


def is_weekday(rule: Rule, day: dt.date, length: int) -> bool:
    number = day.timetuple().tm_yday
    if rule.months or rule.frequency == "MONTHLY":
        number, length = day.day, days_in_month(day)
    ordinals = {0, (number - 1) // 7 + 1, -((length - number) // 7 + 1)}
    return not rule.weekdays or any(
        each.index == day.weekday() and each.ordinal in ordinals for each in rule.weekdays
    )


def days_in_month(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def numbers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high).filter(bool)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a supported rule, by way of its text."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency}
    optional = {
        "INTERVAL": numbers(1, 13).map(str),
        "BYMONTH": joined(numbers(1, 12)),
        "BYMONTHDAY": joined(numbers(-31, 31)),
        "BYDAY": joined(st.sampled_from([*WEEKDAYS, "1MO", "-1FR", "2SU", "5WE", "-4TH"])),
        "BYSETPOS": joined(numbers(-5, 5)),
        "WKST": st.sampled_from(WEEKDAYS),
    }
    for name, values in optional.items():
        if draw(st.booleans()):
            parts[name] = draw(values)
    try:
        return parse_rule(parts, pointer=POINTER)
    except InvalidInputError:
        return rule_from(f"FREQ={frequency};INTERVAL={draw(numbers(1, 13))}")


def joined(values: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(lambda each: ",".join(map(str, each)))


DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2100, 12, 31))


@given(rule=rules(), start=DAYS)
def test_no_occurrence_is_skipped_or_repeated(rule: Rule, start: dt.date) -> None:
    days = reference(rule, start)
    occurrence = next(days)

    for _ in range(STEPS):
        planned = dt.datetime.combine(occurrence, dt.time(9, 30))
        found = next_occurrence(rule.on_days_of(start), planned, planned)
        occurrence = next(days)
        assert found == dt.datetime.combine(occurrence, dt.time(9, 30))


@given(rule=rules(), start=DAYS, later=st.integers(0, 3000))
def test_search_from_a_later_day_keeps_the_rhythm(rule: Rule, start: dt.date, later: int) -> None:
    after = start + DAY * later
    first = next(reference(rule, start))
    days = reference(rule, first)

    found = next_occurrence(
        rule.on_days_of(start),
        dt.datetime.combine(first, dt.time.min),
        dt.datetime.combine(max(after, first), dt.time.min),
    )

    expected = next(day for day in days if day > max(after, first))
    assert found == dt.datetime.combine(expected, dt.time.min)


@given(rule=rules(), start=DAYS)
def test_every_accepted_rule_has_occurrences_for_years(rule: Rule, start: dt.date) -> None:
    moment = dt.datetime.combine(start, dt.time.min)
    for _ in range(50):
        following = next_occurrence(rule, moment, moment)
        assert following is not None
        assert moment < following <= moment + dt.timedelta(days=366 * 5 * rule.interval)
        moment = following


def test_series_ends_with_the_calendar() -> None:
    end = dt.datetime.fromisoformat("9999-12-31T00:00")

    assert next_occurrence(rule_from("FREQ=YEARLY"), end, end) is None
    assert next_occurrence(rule_from("FREQ=DAILY;INTERVAL=999"), end, end) is None


def test_weekdays_are_ordered_by_day() -> None:
    assert sorted([Weekday(4, -1), Weekday(0)]) == [Weekday(0), Weekday(4, -1)]

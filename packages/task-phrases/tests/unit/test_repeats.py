"""Repetitions in a phrase, as rules with their first day and their end."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_phrases.clock import Clock
from task_phrases.repeats import Repeat, find_repeat

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = Clock(datetime(2026, 11, 23, 9, 30, tzinfo=BERLIN), BERLIN, "en-GB")


@pytest.mark.parametrize(
    ("phrase", "rule", "first"),
    [
        ("every day", "FREQ=DAILY", date(2026, 11, 23)),
        ("every morning", "FREQ=DAILY", date(2026, 11, 23)),
        ("daily", "FREQ=DAILY", date(2026, 11, 23)),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3", date(2026, 11, 23)),
        ("every other week", "FREQ=WEEKLY;INTERVAL=2", date(2026, 11, 23)),
        ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", date(2026, 11, 23)),
        ("every weekend", "FREQ=WEEKLY;BYDAY=SA,SU", date(2026, 11, 28)),
        ("every thursday and tue", "FREQ=WEEKLY;BYDAY=TU,TH", date(2026, 11, 24)),
        ("on mondays and thursdays", "FREQ=WEEKLY;BYDAY=MO,TH", date(2026, 11, 23)),
        ("every second tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", date(2026, 11, 24)),
        ("every second tuesday of the month", "FREQ=MONTHLY;BYDAY=2TU", date(2026, 12, 8)),
        ("every first monday", "FREQ=MONTHLY;BYDAY=1MO", date(2026, 12, 7)),
        ("every last friday", "FREQ=MONTHLY;BYDAY=-1FR", date(2026, 11, 27)),
        ("every month", "FREQ=MONTHLY", date(2026, 11, 23)),
        ("every month on the 3rd", "FREQ=MONTHLY;BYMONTHDAY=3", date(2026, 12, 3)),
        ("every 31st", "FREQ=MONTHLY;BYMONTHDAY=31", date(2026, 11, 30)),
        ("every last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1", date(2026, 11, 30)),
        ("quarterly", "FREQ=MONTHLY;INTERVAL=3", date(2026, 11, 23)),
        ("every 15 january", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=15", date(2027, 1, 15)),
        ("every february 29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", date(2027, 2, 28)),
    ],
)
def test_phrase_is_read_as_a_rule(phrase: str, rule: str, first: date) -> None:
    found = find_repeat(f"water the plants {phrase}", MONDAY)

    assert found is not None
    assert (found.repeat.rule, found.repeat.first_day(MONDAY.today)) == (rule, first)


@pytest.mark.parametrize(
    "text",
    [
        "everyone is here",
        "every 3 houses",
        "every hour",
        "every 0 days",
        "every 5000 days",
        "every 32nd of the month",
        "every february 30",
        "the weekly report",
        "on monday",
    ],
)
def test_other_text_repeats_nothing(text: str) -> None:
    assert find_repeat(text, MONDAY) is None


@pytest.mark.parametrize(
    "text", ["every! 3 days", "every 3 days after I did it", "every 3 days after completion"]
)
def test_interval_can_start_at_the_completion(text: str) -> None:
    found = find_repeat(text, MONDAY)

    assert found is not None
    assert found.from_completion
    assert found.spans == ((0, len(text)),)


@pytest.mark.parametrize(
    ("text", "until", "count"),
    [
        ("every day until 1 march", date(2027, 3, 1), None),
        ("every day at 9 until friday", date(2026, 11, 27), None),
        ("every day for 3 weeks", date(2026, 12, 14), None),
        ("every monday at 10am, 5 times", None, 5),
        ("every monday for ten times", None, 10),
        ("every monday and 3 times a year more", None, None),
    ],
)
def test_end_of_the_series_is_read(text: str, until: date | None, count: int | None) -> None:
    found = find_repeat(text, MONDAY)

    assert found is not None
    assert (found.until, found.count) == (until, count)


@given(
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    weekdays=st.sets(st.integers(0, 6), min_size=1, max_size=1),
    week=st.sampled_from([-1, 1, 2, 3, 4]),
    month=st.integers(0, 12),
    month_day=st.sampled_from([-1, *range(1, 32)]),
)
def test_first_day_is_never_in_the_past(
    day: date, weekdays: set[int], week: int, month: int, month_day: int
) -> None:
    by_week = Repeat("MONTHLY", weekdays=tuple(weekdays), week=week, month=month)
    by_day = Repeat("YEARLY", month_day=month_day, month=month)

    for repeat in (by_week, by_day):
        first = repeat.first_day(day)
        assert first >= day
        assert month in (0, first.month)
        assert repeat.first_day(first) == first
    assert by_week.first_day(day).weekday() in weekdays

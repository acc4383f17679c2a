"""Date phrases: their location in a sentence, and their meaning at a fixed time and place."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_phrases.clock import Clock
from task_phrases.dates import find_dates, read_date

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = Clock(datetime(2026, 11, 23, 9, 30, tzinfo=BERLIN), BERLIN, "en-GB")


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("phrase", "day"),
    [
        ("today", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 24)),
        ("the day after tomorrow", date(2026, 11, 25)),
        ("friday", date(2026, 11, 27)),
        ("on fri", date(2026, 11, 27)),
        ("next friday", date(2026, 12, 4)),
        ("monday", date(2026, 11, 30)),
        ("tuesday next week", date(2026, 12, 1)),
        ("the 15th", date(2026, 12, 15)),
        ("on the third", date(2026, 12, 3)),
        ("friday the fourth", date(2026, 12, 4)),
        ("on the 3rd of december", date(2026, 12, 3)),
        ("december 3", date(2026, 12, 3)),
        ("3 dec 2027", date(2027, 12, 3)),
        ("june fourteenth", date(2027, 6, 14)),
        ("24.12.2026", date(2026, 12, 24)),
        ("on 24/12", date(2026, 12, 24)),
        ("on 12/24", date(2026, 12, 24)),
        ("2027-02-28", date(2027, 2, 28)),
        ("in 3 days", date(2026, 11, 26)),
        ("in a fortnight", date(2026, 12, 7)),
        ("two weeks from now", date(2026, 12, 7)),
        ("in a month", date(2026, 12, 23)),
        ("a week from friday", date(2026, 12, 4)),
        ("next week", date(2026, 11, 30)),
        ("this weekend", date(2026, 11, 28)),
        ("end of the month", date(2026, 11, 30)),
        ("eow", date(2026, 11, 27)),
        ("by new year's eve", date(2026, 12, 31)),
    ],
)
def test_phrase_resolves_to_a_day(phrase: str, day: date) -> None:
    when = read_date(phrase, MONDAY)

    assert when is not None
    assert (when.day, when.at) == (day, None)


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [
        ("tomorrow at 5pm", at(24, 17)),
        ("5pm tomorrow", at(24, 17)),
        ("five pm tomorrow", at(24, 17)),
        ("at 17:45", at(23, 17, 45)),
        ("at 5", at(23, 17)),
        ("at 8", at(23, 20)),
        ("at 8 tomorrow", at(24, 8)),
        ("at 8 in the evening", at(23, 20)),
        ("tomorrow morning", at(24, 9)),
        ("tonight at 12", at(24, 0)),
        ("half past five", at(23, 17, 30)),
        ("quarter to nine tomorrow", at(24, 8, 45)),
        ("ten to five", at(23, 16, 50)),
        ("in 2 hours", at(23, 11, 30)),
        ("in two and a half hours", None),
        ("in an hour and a half", at(23, 11)),
        ("in 90 minutes", at(23, 11)),
        ("sunday the 29th at 8", at(29, 8)),
        ("every sunday at eleven am", at(29, 11)),
    ],
)
def test_phrase_resolves_to_a_moment(phrase: str, moment: datetime | None) -> None:
    when = read_date(phrase, MONDAY)

    assert (when.at if when else None) == moment


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("call mom tomorrow about the party at 5pm", ["tomorrow", "at 5pm"]),
        ("look at 3 houses", []),
        ("buy 5 apples at 5", ["at 5"]),
        ("24/7 support for 1/2 day", []),
        ("may the force be with you", []),
        ("water plants every tuesday and friday", ["every tuesday and friday"]),
        ("read the #tomorrow report", []),
    ],
)
def test_strong_phrases_are_located_in_text(text: str, phrases: list[str]) -> None:
    found = [
        text[phrase.start : phrase.end] for phrase in find_dates(text, MONDAY) if phrase.is_strong
    ]

    assert found == phrases


@pytest.mark.parametrize(
    ("now", "zone", "phrase", "utc"),
    [
        # 02:30 doesn't exist that night: it is an hour later.
        ("2027-03-27T20:00", "Europe/Berlin", "tomorrow at 2:30am", "2027-03-28T01:30"),
        # 02:30 occurs twice that night: the first counts.
        ("2026-10-24T20:00", "Europe/Berlin", "tomorrow at 2:30am", "2026-10-25T00:30"),
        # A delay is elapsed time, whatever the clocks do.
        ("2026-10-24T20:00", "Europe/Berlin", "in 12 hours", "2026-10-25T06:00"),
        ("2027-03-13T21:00", "America/New_York", "in 24 hours", "2027-03-15T02:00"),
        ("2026-12-31T23:30", "Pacific/Auckland", "tomorrow at 9am", "2026-12-31T20:00"),
    ],
)
def test_daylight_saving_changes_are_respected(now: str, zone: str, phrase: str, utc: str) -> None:
    info = ZoneInfo(zone)
    clock = Clock(datetime.fromisoformat(now).replace(tzinfo=info), info, "en-GB")

    when = read_date(phrase, clock)

    assert when is not None
    assert when.at is not None
    assert when.at.astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@given(st.text(max_size=80) | st.from_regex(r"(in|at|on|every|next) \d{1,9} ?(days|hours|pm|:99)"))
def test_phrases_of_any_text_are_within_it(text: str) -> None:
    for phrase in find_dates(text, MONDAY):
        assert 0 <= phrase.start < phrase.end <= len(text)


def test_skipped_time_moves_forward() -> None:
    assert MONDAY.at(date(2027, 3, 28), time(2, 30)).hour == 3


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "phrase", ["on 9999-12-31 at midnight", "by 0001-01-01 at 0:30", "31.12.9999 at 11pm"]
)
def test_day_outside_of_the_years_of_tasks_is_not_a_date(phrase: str, zone: str) -> None:
    clock = Clock(MONDAY.now.astimezone(ZoneInfo(zone)), ZoneInfo(zone), "en-GB")

    days = [part.first for found in find_dates(phrase, clock) for part in found.fragments]

    assert days == [None]

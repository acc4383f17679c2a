"""Due dates: validation, deadline and calendar day."""

import datetime as dt

import pytest

from tasks_service.domain.due import clean_due, deadline, local_date
from todochat.contracts.tasks import Due
from todochat.errors import InvalidInputError


def at(text: str, timezone: str | None = None) -> Due:
    return Due(at=dt.datetime.fromisoformat(text), timezone=timezone)


def on(text: str, timezone: str | None = None) -> Due:
    return Due(date=dt.date.fromisoformat(text), timezone=timezone)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, None),
        (on("2026-11-24"), on("2026-11-24")),
        (on("2026-11-24", "Europe/Berlin"), on("2026-11-24", "Europe/Berlin")),
        (
            at("2026-11-24T17:00:00+01:00", "Europe/Berlin"),
            at("2026-11-24T16:00:00+00:00", "Europe/Berlin"),
        ),
        (at("2026-11-24T17:00:00+00:00"), at("2026-11-24T17:00:00+00:00", "UTC")),
        (on("1970-01-01"), on("1970-01-01")),
        (on("2999-12-31"), on("2999-12-31")),
    ],
)
def test_due_date_is_stored_in_utc(given: Due | None, stored: Due | None) -> None:
    assert clean_due(given, pointer="/due") == stored


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (Due(), "/due"),
        (Due(timezone="UTC"), "/due"),
        (Due(date=dt.date(2026, 1, 1), at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), "/due"),
        (at("2026-11-24T17:00:00"), "/due/at"),
        (at("0001-01-01T00:00:00+23:59"), "/due/at"),
        (at("9999-12-31T23:59:59-23:59"), "/due/at"),
        (on("1969-12-31"), "/due/date"),
        (on("3000-01-01"), "/due/date"),
        (on("2026-11-24", "Mars/Olympus"), "/due/timezone"),
        (on("2026-11-24", "America"), "/due/timezone"),
        (on("2026-11-24", "../../etc/passwd"), "/due/timezone"),
        (on("2026-11-24", ""), "/due/timezone"),
        (on("2026-11-24", "a\0b"), "/due/timezone"),
    ],
)
def test_invalid_due_date_is_rejected_with_its_pointer(given: Due, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean_due(given, pointer="/due")

    assert caught.value.extensions["errors"][0].pointer == pointer


@pytest.mark.parametrize(
    ("due", "overdue_from", "day"),
    [
        (on("2026-11-24"), "2026-11-25T00:00:00+00:00", "2026-11-24"),
        (on("2026-11-24", "Europe/Berlin"), "2026-11-24T23:00:00+00:00", "2026-11-24"),
        (on("2026-11-24", "Pacific/Auckland"), "2026-11-24T11:00:00+00:00", "2026-11-24"),
        # Clocks go back at the end of this day, which has 25 hours.
        (on("2026-10-25", "Europe/Berlin"), "2026-10-25T23:00:00+00:00", "2026-10-25"),
        # Midnight of the next day doesn't exist in Beirut.
        (on("2026-03-28", "Asia/Beirut"), "2026-03-28T22:00:00+00:00", "2026-03-28"),
        (
            at("2026-11-24T16:00:00+00:00", "Europe/Berlin"),
            "2026-11-24T16:00:00+00:00",
            "2026-11-24",
        ),
        (
            at("2026-11-24T23:30:00+00:00", "Europe/Berlin"),
            "2026-11-24T23:30:00+00:00",
            "2026-11-25",
        ),
        (on("2999-12-31", "Pacific/Pago_Pago"), "3000-01-01T11:00:00+00:00", "2999-12-31"),
    ],
)
def test_deadline_is_the_instant_or_the_end_of_the_day(
    due: Due, overdue_from: str, day: str
) -> None:
    assert deadline(due) == dt.datetime.fromisoformat(overdue_from)
    assert local_date(due) == dt.date.fromisoformat(day)

"""When a task is due, overdue, and on which day."""

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
    ("said", "kept"),
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
def test_a_due_is_kept_with_its_instant_in_utc(said: Due | None, kept: Due | None) -> None:
    assert clean_due(said, pointer="/due") == kept


@pytest.mark.parametrize(
    ("said", "pointer"),
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
def test_a_due_that_means_no_time_is_refused_and_pointed_at(said: Due, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean_due(said, pointer="/due")

    assert caught.value.extensions["errors"][0].pointer == pointer


@pytest.mark.parametrize(
    ("due", "overdue_from", "day"),
    [
        (on("2026-11-24"), "2026-11-25T00:00:00+00:00", "2026-11-24"),
        (on("2026-11-24", "Europe/Berlin"), "2026-11-24T23:00:00+00:00", "2026-11-24"),
        (on("2026-11-24", "Pacific/Auckland"), "2026-11-24T11:00:00+00:00", "2026-11-24"),
        # The clocks go back at the end of this day: it has 25 hours.
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
def test_a_task_is_overdue_from_its_instant_or_the_end_of_its_day(
    due: Due, overdue_from: str, day: str
) -> None:
    assert deadline(due) == dt.datetime.fromisoformat(overdue_from)
    assert local_date(due) == dt.date.fromisoformat(day)

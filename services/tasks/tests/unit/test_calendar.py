"""Tasks as iCalendar components."""

import datetime as dt
from typing import Any

import pytest

from tasks_service.domain.calendar import calendar_rule, to_event, to_todo
from todochat.contracts.tasks import Due, Repeat, Task

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
DAY = Due(date=dt.date(2026, 12, 31))
NOON = Due(at=dt.datetime(2026, 12, 31, 11, tzinfo=dt.UTC), timezone="Europe/Berlin")


def task(due: Due | None = None, repeat: Repeat | None = None, start: Due | None = None) -> Task:
    return Task(
        id="tsk_1",
        number=1,
        title="Rent",
        notes="",
        list_id="lst_1",
        priority="none",
        due=due,
        tags=[],
        completed_at=None,
        created_at=NOW,
        updated_at=NOW,
        repeat=repeat,
        start=start,
    )


@pytest.mark.parametrize(
    ("due", "repeat", "rule"),
    [
        (DAY, Repeat(rule="FREQ=DAILY", base="due"), "FREQ=DAILY"),
        (DAY, Repeat(rule="FREQ=DAILY", base="due", count=3), "FREQ=DAILY;COUNT=3"),
        (
            DAY,
            Repeat(rule="FREQ=DAILY", base="due", until=dt.date(2027, 1, 2)),
            "FREQ=DAILY;UNTIL=20270102",
        ),
        (
            NOON,
            Repeat(rule="FREQ=DAILY", base="due", until=dt.date(2027, 1, 2)),
            "FREQ=DAILY;UNTIL=20270102T225959Z",
        ),
        (
            DAY,
            Repeat(rule="FREQ=MONTHLY;BYMONTHDAY=31", base="due"),
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        ),
        (
            DAY,
            Repeat(rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", base="due"),
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
        ),
    ],
)
def test_rule_has_its_end_and_the_last_day_of_short_months(
    due: Due, repeat: Repeat, rule: str
) -> None:
    assert calendar_rule(task(due, repeat)) == rule


def test_task_that_repeats_from_its_completion_has_no_rule() -> None:
    repeat = Repeat(rule="FREQ=DAILY", base="completion")

    assert "rrule" not in to_event(task(NOON, repeat), NOON)


def test_todo_that_repeats_starts_at_its_due_date() -> None:
    repeating = task(DAY, Repeat(rule="FREQ=DAILY", base="due"), Due(date=dt.date(2026, 12, 1)))

    todo: Any = to_todo(repeating)

    assert todo["dtstart"].dt == dt.date(2026, 12, 31)


@pytest.mark.parametrize(
    ("due", "start", "expected"),
    [
        (DAY, Due(at=NOW), dt.date(2026, 12, 1)),
        (None, Due(at=NOW), NOW),
        (DAY, Due(date=dt.date(2027, 1, 1)), None),
    ],
)
def test_start_has_the_type_of_the_due_date_and_is_never_later(
    due: Due | None, start: Due, expected: dt.date | None
) -> None:
    todo: Any = to_todo(task(due, start=start))

    assert (todo["dtstart"].dt if "dtstart" in todo else None) == expected


def test_start_on_a_day_of_a_task_with_a_time_is_its_midnight() -> None:
    todo: Any = to_todo(task(NOON, start=Due(date=dt.date(2026, 12, 30))))

    assert todo["dtstart"].dt.isoformat() == "2026-12-30T00:00:00+01:00"

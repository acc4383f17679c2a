"""The instances of a repeating task: local times, ends, and instances that differ from the plan."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_service.domain.series import (
    Instance,
    Plan,
    clean_repeat,
    fit_repeat,
    following_instance,
    instance_after_missed,
)
from todochat.contracts.tasks import Due, Repeat, RepeatFrom
from todochat.errors import InvalidInputError

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza", "UTC"]  # fmt: skip


def repeat(rule: str, base: RepeatFrom = "due", **end: Any) -> Repeat:
    return clean_repeat(Repeat(rule=rule, base=base, **end))


def on(text: str) -> Due:
    return Due(date=dt.date.fromisoformat(text))


def at(text: str, zone: str = "Europe/Berlin") -> Due:
    local = dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return Due(at=local.astimezone(dt.UTC), timezone=zone)


def local(due: Due) -> str:
    if due.at is None:
        return str(due.date)
    return due.at.astimezone(ZoneInfo(due.timezone or "UTC")).isoformat(timespec="minutes")


def series(repetition: Repeat, due: Due, count: int) -> list[str]:
    """Return the due dates that follow, as the service stores one instance after the other."""
    instance = Instance(plan=Plan.of(due), repeat=fit_repeat(repetition, due), start=None)
    found = []
    for _ in range(count):
        values = {
            "planned": {"local": instance.plan.local.isoformat(), "is_day": instance.plan.is_day}
        }
        if instance.plan.timezone:
            values["planned"]["timezone"] = instance.plan.timezone
        following = following_instance(
            instance.repeat, instance.due, None, values, completed_at=None
        )
        if following is None:
            break
        instance = following
        found.append(local(instance.due))
    return found


def test_local_time_stays_when_the_clocks_change() -> None:
    assert series(repeat("FREQ=WEEKLY"), at("2026-10-19T09:00"), 2) == [
        "2026-10-26T09:00+01:00",
        "2026-11-02T09:00+01:00",
    ]


def test_time_that_the_clocks_skip_is_later_on_that_day_only() -> None:
    assert series(repeat("FREQ=DAILY"), at("2026-03-27T02:30"), 3) == [
        "2026-03-28T02:30+01:00",
        "2026-03-29T03:30+02:00",
        "2026-03-30T02:30+02:00",
    ]


def test_hour_that_the_clocks_repeat_or_skip_has_one_instance() -> None:
    hourly = repeat("FREQ=HOURLY")

    assert series(hourly, at("2026-10-25T01:30"), 3) == [
        "2026-10-25T02:30+02:00",
        "2026-10-25T03:30+01:00",
        "2026-10-25T04:30+01:00",
    ]
    assert series(hourly, at("2026-03-29T01:30"), 3) == [
        "2026-03-29T03:30+02:00",
        "2026-03-29T04:30+02:00",
        "2026-03-29T05:30+02:00",
    ]


@pytest.mark.parametrize("rule", ["FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=31"])
def test_31st_is_the_last_day_of_short_months_only(rule: str) -> None:
    assert series(repeat(rule), on("2027-12-31"), 4) == [
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
        "2028-04-30",
    ]


def test_29th_of_february_is_kept_for_leap_years() -> None:
    found = series(repeat("FREQ=YEARLY"), on("2028-02-29"), 4)

    assert found == ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


def test_series_ends_by_date_or_count() -> None:
    until = repeat("FREQ=DAILY", until=dt.date(2026, 11, 25))
    counted = repeat("FREQ=DAILY", count=3)

    assert series(until, on("2026-11-23"), 9) == ["2026-11-24", "2026-11-25"]
    assert series(counted, on("2026-11-23"), 9) == ["2026-11-24", "2026-11-25"]
    assert series(repeat("FREQ=YEARLY"), on("2998-05-01"), 9) == ["2999-05-01"]


def completed(
    repetition: Repeat, due: Due, moment: str, values: dict[str, Any] | None = None
) -> str | None:
    at = dt.datetime.fromisoformat(moment)
    instance = following_instance(repetition, due, None, values, completed_at=at)
    return None if instance is None else local(instance.due)


def test_rule_from_completion_starts_at_the_day_of_the_completion() -> None:
    every_3_days = repeat("FREQ=DAILY;INTERVAL=3", "completion")

    late = completed(every_3_days, on("2026-11-01"), "2026-11-23T18:00Z")
    early = completed(every_3_days, on("2026-11-30"), "2026-11-23T18:00Z")
    timed = completed(every_3_days, at("2026-11-01T09:00"), "2026-11-23T23:30Z")
    monthly = completed(repeat("FREQ=MONTHLY", "completion"), on("2026-01-15"), "2026-01-31T09:00Z")

    assert (late, early) == ("2026-11-26", "2026-11-26")
    assert timed == "2026-11-27T09:00+01:00"  # it was the 24th in Berlin
    assert monthly == "2026-02-28"


def test_instance_moved_alone_keeps_the_rhythm() -> None:
    weekly = repeat("FREQ=WEEKLY;INTERVAL=2")
    planned = {"planned": {"local": "2026-11-23T00:00:00", "is_day": True}}

    earlier = completed(weekly, on("2026-11-22"), "2026-11-22T09:00Z", planned)
    later = completed(weekly, on("2026-11-26"), "2026-11-26T09:00Z", planned)
    beyond = completed(weekly, on("2026-12-08"), "2026-12-08T09:00Z", planned)

    assert (earlier, later, beyond) == ("2026-12-07", "2026-12-07", "2026-12-21")


def test_start_keeps_its_distance() -> None:
    instance = following_instance(
        repeat("FREQ=MONTHLY"),
        at("2026-03-15T09:00"),
        at("2026-03-13T08:00"),
        None,
        completed_at=None,
    )
    all_day = following_instance(
        repeat("FREQ=WEEKLY"), at("2026-11-23T09:00"), on("2026-11-20"), None, completed_at=None
    )

    assert instance is not None
    assert all_day is not None
    assert local(instance.start or Due()) == "2026-04-13T08:00+02:00"
    assert all_day.start == on("2026-11-27")


def test_missed_instances_count_as_such() -> None:
    now = dt.datetime.fromisoformat("2026-11-23T12:00Z")

    def skipped(repetition: Repeat, due: Due) -> tuple[str, int | None] | None:
        instance = instance_after_missed(repetition, due, None, None, now=now)
        return None if instance is None else (local(instance.due), instance.repeat.count)

    assert skipped(repeat("FREQ=DAILY"), on("2026-11-01")) == ("2026-11-23", None)
    assert skipped(repeat("FREQ=DAILY", count=30), on("2026-11-20")) == ("2026-11-23", 27)
    assert skipped(repeat("FREQ=DAILY", count=3), on("2026-11-01")) is None
    assert skipped(repeat("FREQ=DAILY", count=999), on("2020-01-01")) == ("2020-02-20", 949)
    assert skipped(repeat("FREQ=DAILY"), at("2026-11-01T09:00")) == ("2026-11-24T09:00+01:00", None)
    assert skipped(repeat("FREQ=HOURLY"), at("1970-01-01T09:00")) == (
        "2026-11-23T14:00+01:00",
        None,
    )


@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(dt.datetime.fromisoformat("1990-01-01"), dt.datetime.fromisoformat("2035-12-31")),
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=HOURLY;INTERVAL=5"]),
)  # fmt: skip
def test_instants_ascend_and_local_times_stay(zone: str, start: dt.datetime, rule: str) -> None:
    moment = start.replace(second=0, microsecond=0)
    due = at(moment.isoformat(), zone)
    plan = Plan.of(due)
    instance = Instance(plan=plan, repeat=fit_repeat(repeat(rule), due), start=None)

    for _ in range(30):
        values = {"planned": {"local": instance.plan.local.isoformat(), "timezone": zone}}
        following = following_instance(
            instance.repeat, instance.due, None, values, completed_at=None
        )
        assert following is not None
        assert following.due.at is not None
        assert instance.due.at is not None
        assert following.due.at > instance.due.at
        if "HOURLY" not in rule:
            assert following.plan.local.time() == plan.local.time()
            exists = Plan.of(following.due) == following.plan
            assert exists or following.due.at.astimezone(ZoneInfo(zone)).dst() is not None
        instance = following


@pytest.mark.parametrize(
    ("given_repeat", "pointer"),
    [
        (Repeat(rule="FREQ=DAILY;COUNT=3", base="due", count=3), "/repeat/rule"),
        (Repeat(rule="FREQ=DAILY;COUNT=0", base="due"), "/repeat/rule"),
        (Repeat(rule="FREQ=DAILY;UNTIL=99991231", base="due"), "/repeat/rule"),
        (Repeat(rule="FREQ=DAILY;UNTIL=20260230", base="due"), "/repeat/rule"),
        (Repeat(rule="FREQ=DAILY;UNTIL=tomorrow", base="due"), "/repeat/rule"),
        (Repeat(rule="FREQ=DAILY", base="due", until=dt.date(9999, 12, 31)), "/repeat/until"),
        (Repeat(rule="FREQ=DAILY", base="due", until=dt.date(2026, 11, 1), count=3), "/repeat"),
        (Repeat(rule="FREQ=DAILY", base="due", until=dt.date(2026, 11, 1)), "/repeat/until"),
        (Repeat(rule="FREQ=HOURLY", base="due"), "/repeat/rule"),
    ],
)
def test_invalid_repetition_is_rejected_with_its_pointer(
    given_repeat: Repeat, pointer: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        fit_repeat(clean_repeat(given_repeat), on("2026-11-23"))

    assert caught.value.detail.startswith(f"{pointer}: ")


def test_end_in_the_rule_moves_to_its_field() -> None:
    assert repeat("FREQ=DAILY;COUNT=3") == Repeat(rule="FREQ=DAILY", base="due", count=3)
    assert repeat("FREQ=DAILY;UNTIL=20261224T225959Z").until == dt.date(2026, 12, 24)

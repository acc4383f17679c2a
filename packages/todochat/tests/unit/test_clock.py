from datetime import datetime, timedelta, timezone

import pytest

from todochat.clock import to_wire, utc_now


def test_times_on_the_wire_are_utc_with_z() -> None:
    moment = datetime(2026, 11, 24, 18, 0, tzinfo=timezone(timedelta(hours=1)))

    assert to_wire(moment) == "2026-11-24T17:00:00Z"


def test_naive_time_is_rejected() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_wire(datetime(2026, 11, 24, 18, 0))  # noqa: DTZ001 - the point of the test


def test_now_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)

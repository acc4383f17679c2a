"""The time and place of a turn, as its instructions state them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from offline_assistant.instructed_clock import read_clock


def test_clock_is_read_from_the_instructions() -> None:
    clock = read_clock(
        "You are ...\nNow: 2026-11-23T09:30:00+01:00\nTime zone: Europe/Berlin\nLocale: en-US\n",
        datetime(2000, 1, 1, tzinfo=UTC),
    )

    berlin = ZoneInfo("Europe/Berlin")
    assert (clock.now, clock.zone) == (datetime(2026, 11, 23, 9, 30, tzinfo=berlin), berlin)
    assert clock.is_month_first
    assert clock.is_twelve_hour


@pytest.mark.parametrize("instructions", [None, "", "Now: soon", "Time zone: Mars/Olympus"])
def test_invalid_instructions_fall_back_to_utc(instructions: str | None) -> None:
    fallback = datetime(2026, 11, 23, 9, tzinfo=UTC)

    clock = read_clock(instructions, fallback)

    assert (clock.now, clock.zone) == (fallback, UTC)

"""The instructions: the time, the zone and the locale in them."""

from datetime import UTC, datetime

import pytest

from todo_agent.instructions import prompt
from todochat.clock import utc_now


def test_the_prompt_tells_time_zone_and_locale() -> None:
    now = datetime(2026, 11, 23, 23, 30, 5, 123, tzinfo=UTC)

    lines = prompt(now, "Europe/Berlin", "de-DE").splitlines()

    assert "Now: 2026-11-24T00:30:05+01:00" in lines
    assert "Weekday: Tuesday" in lines
    assert "Time zone: Europe/Berlin" in lines
    assert "Locale: de-DE" in lines


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "America"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert "Time zone: UTC" in prompt(utc_now(), name, "en").splitlines()

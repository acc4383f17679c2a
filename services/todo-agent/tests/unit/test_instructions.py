"""The system prompt: time, time zone and locale."""

from datetime import UTC, datetime

import pytest

from todo_agent.instructions import prompt
from todochat.clock import utc_now


def test_prompt_includes_time_zone_and_locale() -> None:
    now = datetime(2026, 11, 23, 23, 30, 5, 123, tzinfo=UTC)

    lines = prompt(now, "Europe/Berlin", "de-DE").splitlines()

    assert "Now: 2026-11-24T00:30:05+01:00" in lines
    assert "Weekday: Tuesday" in lines
    assert "Time zone: Europe/Berlin" in lines
    assert "Locale: de-DE" in lines


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "America"])
def test_unknown_time_zone_falls_back_to_utc(name: str) -> None:
    assert "Time zone: UTC" in prompt(utc_now(), name, "en").splitlines()

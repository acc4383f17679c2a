"""The user's current time, time zone and locale, read from the system instructions."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from task_phrases.clock import Clock

_LINE = re.compile(r"^(Now|Time zone|Locale):[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def read_clock(instructions: str | None, fallback_now: datetime) -> Clock:
    """Read the `Now:`, `Time zone:` and `Locale:` lines of the system instructions.

    Args:
        fallback_now: an aware time, used if the instructions have no valid one.
    """
    facts: dict[str, str] = {}
    for key, value in _LINE.findall(instructions or ""):
        facts.setdefault(key, value)
    now, zone = fallback_now, None
    try:
        if "Now" in facts:
            now = datetime.fromisoformat(facts["Now"])
    except ValueError:
        pass
    try:
        if "Time zone" in facts:
            zone = ZoneInfo(facts["Time zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    if now.tzinfo is None:
        now = now.replace(tzinfo=UTC)
    zone_or_default = zone or now.tzinfo or UTC
    return Clock(now.astimezone(zone_or_default), zone_or_default, facts.get("Locale", "en-US"))

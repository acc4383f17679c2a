"""When and where the user is: what the system instructions say about now, zone and locale."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# CLDR: day periods (h/K) are the preferred hour cycle there; elsewhere people write 17:00.
TWELVE_HOUR_REGIONS = frozenset({"US", "CA", "AU", "NZ", "IN", "PK", "PH", "EG", "MX"})
MONTH_FIRST_REGIONS = frozenset({"US", "PH"})
_LINE = re.compile(r"^(Now|Time zone|Locale):[ \t]*(\S+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Clock:
    """One turn's fixed idea of time; every date phrase is read against it."""

    now: datetime
    zone: tzinfo
    locale: str = "en-US"

    @property
    def today(self) -> date:
        """The day it is for the user."""
        return self.now.date()

    @property
    def _region(self) -> str:
        parts = self.locale.replace("_", "-").split("-")
        return next((p.upper() for p in parts[1:] if len(p) == 2), "")

    @property
    def is_month_first(self) -> bool:
        """Whether 3/12 is the twelfth of March here."""
        return self._region in MONTH_FIRST_REGIONS or self.locale.lower() == "en"

    @property
    def is_twelve_hour(self) -> bool:
        """Whether people here say 5 PM rather than 17:00."""
        return self._region in TWELVE_HOUR_REGIONS or self.locale.lower() == "en"

    def at(self, day: date, wall_time: time) -> datetime:
        """Return the moment a wall clock here shows that time.

        A time that a zone change skips moves forward by the gap; one that happens twice is the first.
        """
        local = datetime.combine(day, wall_time, tzinfo=self.zone)
        return local.astimezone(UTC).astimezone(self.zone)

    def after(self, delay: timedelta) -> datetime:
        """Return the moment `delay` of real time from now, to the minute."""
        moment = (self.now.astimezone(UTC) + delay).astimezone(self.zone)
        return moment.replace(second=0, microsecond=0)


def read_clock(instructions: str | None, fallback_now: datetime) -> Clock:
    """Read the `Now:`, `Time zone:` and `Locale:` lines of the system instructions.

    Args:
        fallback_now: an aware time, used when the instructions do not name one.
    """
    facts: dict[str, str] = {}
    for key, value in _LINE.findall(instructions or ""):
        facts.setdefault(key, value)
    now = _read_now(facts.get("Now"), fallback_now)
    zone = _read_zone(facts.get("Time zone")) or now.tzinfo or UTC
    return Clock(now.astimezone(zone), zone, facts.get("Locale", "en-US"))


def _read_now(text: str | None, fallback: datetime) -> datetime:
    if text is None:
        return fallback
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return fallback
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None

"""The user's current time, time zone and locale, which date phrases are relative to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

# Regions whose preferred hour cycle in CLDR has day periods (h/K); the others write 17:00.
TWELVE_HOUR_REGIONS = frozenset({"US", "CA", "AU", "NZ", "IN", "PK", "PH", "EG", "MX"})
MONTH_FIRST_REGIONS = frozenset({"US", "PH"})


@dataclass(frozen=True, slots=True)
class Clock:
    """The fixed time and place that all date phrases of a turn are relative to."""

    now: datetime
    zone: tzinfo
    locale: str = "en-US"

    @property
    def today(self) -> date:
        """The current day in the user's zone."""
        return self.now.date()

    @property
    def region(self) -> str:
        """The region of the locale, such as "GB"; empty if it has none."""
        parts = self.locale.replace("_", "-").split("-")
        return next((p.upper() for p in parts[1:] if len(p) == 2), "")

    @property
    def is_month_first(self) -> bool:
        """True if 3/12 means 12 March in this locale."""
        return self.region in MONTH_FIRST_REGIONS or self.locale.lower() == "en"

    @property
    def is_twelve_hour(self) -> bool:
        """True if this locale writes 5 PM rather than 17:00."""
        return self.region in TWELVE_HOUR_REGIONS or self.locale.lower() == "en"

    def at(self, day: date, wall_time: time) -> datetime:
        """Return the moment at which a local clock shows `wall_time`.

        A time skipped by a zone change moves forward by the gap; of one that occurs twice, the first counts.
        """
        local = datetime.combine(day, wall_time, tzinfo=self.zone)
        return local.astimezone(UTC).astimezone(self.zone)

    def after(self, delay: timedelta) -> datetime:
        """Return the moment after `delay` of elapsed time, truncated to the minute."""
        moment = (self.now.astimezone(UTC) + delay).astimezone(self.zone)
        return moment.replace(second=0, microsecond=0)

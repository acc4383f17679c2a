"""The due date and the priority that a phrase gives a task."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Final, Literal

Priority = Literal["none", "low", "medium", "high"]
DAY_STARTS: Final = time(9)  # when the reminders of a task that is due on a day count from


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due day, or an aware due time.

    Attributes:
        only_time: the time of day of a phrase that names no day; `at` is then the next such time.
    """

    day: date | None = None
    at: datetime | None = None
    only_time: time | None = field(default=None, compare=False)

    def day_in(self, zone: tzinfo) -> date | None:
        """Return the due day in a time zone."""
        return self.at.astimezone(zone).date() if self.at else self.day

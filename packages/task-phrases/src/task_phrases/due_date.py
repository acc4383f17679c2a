"""The due date and the priority that a phrase gives a task."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

Priority = Literal["none", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due day, or an aware due time."""

    day: date | None = None
    at: datetime | None = None

    def day_in(self, zone: tzinfo) -> date | None:
        """Return the due day in a time zone."""
        return self.at.astimezone(zone).date() if self.at else self.day

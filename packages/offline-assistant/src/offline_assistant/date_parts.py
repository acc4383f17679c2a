"""What one piece of a date phrase says ("friday", "at 5", "every week"), before pieces are joined."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Literal

from offline_assistant.clock import Clock
from offline_assistant.patterns import Match, Pattern

DayPart = Literal["morning", "noon", "afternoon", "evening", "night"]
Meridiem = Literal["am", "pm"]

MIDNIGHT: Final = 24
_HOURS: Final[dict[DayPart, int]] = {
    "morning": 9,
    "noon": 12,
    "afternoon": 15,
    "evening": 18,
    "night": 20,
}


@dataclass(frozen=True, slots=True)
class WallTime:
    """A time of day as somebody says it; without a meridiem "five" can be either half of the day.

    Hour 24 is the midnight that ends the day.
    """

    hour: int
    minute: int = 0
    meridiem: Meridiem | None = None

    @classmethod
    def at_start_of(cls, part: DayPart) -> "WallTime":
        """Return the time that a part of the day stands for."""
        hour = _HOURS[part]
        return cls(hour if hour <= 12 else hour - 12, 0, "am" if hour < 12 else "pm")

    @property
    def is_ambiguous(self) -> bool:
        """Whether it could be before noon or after."""
        return self.meridiem is None and 1 <= self.hour <= 12

    def exact(self) -> time:
        """Return the time of day, reading an ambiguous hour as people mean it in a plan for a day.

        One to six are in the afternoon, seven to eleven in the morning, twelve is noon.
        """
        if self.meridiem == "am":
            return time(self.hour % 12, self.minute)
        if self.meridiem == "pm" or (self.is_ambiguous and (self.hour <= 6 or self.hour == 12)):
            return time(self.hour % 12 + 12, self.minute)
        return time(self.hour, self.minute)

    def within(self, part: DayPart | None) -> "WallTime":
        """Return the same time with the meridiem that a part of the day gives it."""
        if part is None or part == "noon" or not self.is_ambiguous:
            return self
        if self.hour == 12 and part in {"evening", "night"}:
            return WallTime(MIDNIGHT, self.minute)
        return WallTime(self.hour, self.minute, "am" if part == "morning" else "pm")

    def later(self) -> "WallTime":
        """Return the reading of an ambiguous time that is later in the day."""
        return WallTime(self.hour, self.minute, "pm") if self.is_ambiguous else self


@dataclass(frozen=True, slots=True)
class DateFragment:
    """What one piece says. Days are inclusive; `is_exact_day` marks a calendar date among names."""

    first: date | None = None
    last: date | None = None
    due_day: date | None = None
    wall: WallTime | None = None
    day_part: DayPart | None = None
    instant: datetime | None = None
    repeats: bool = False
    is_exact_day: bool = False

    @classmethod
    def on(cls, day: date, *, is_exact: bool = False) -> "DateFragment":
        """Return the part that names one day."""
        return cls(first=day, last=day, is_exact_day=is_exact)


Reading = Callable[[Match, Clock], DateFragment | None]


@dataclass(frozen=True, slots=True)
class DatePattern:
    """One kind of piece: its pattern, and how a match is read.

    A weak piece belongs to a title unless it stands at the title's end ("friday report"); one that
    needs company is a date only next to another ("morning", "3:16").
    """

    pattern: Pattern
    read: Reading
    is_strong: bool = True
    keeps_text: bool = False
    needs_company: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """A moment (`at`) or a run of days (`first` to `last`) that a phrase names.

    A mere repetition ("every week") names neither.
    """

    first: date | None = None
    last: date | None = None
    at: datetime | None = None
    repeats: bool = False
    due_day: date | None = None

    @property
    def day(self) -> date | None:
        """The one day to write down as due date."""
        return self.due_day or self.first

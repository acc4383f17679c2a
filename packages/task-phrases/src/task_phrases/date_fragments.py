"""Fragments of date phrases ("friday", "at 5", "every week"), before `dates` joins them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, Literal

from task_phrases.clock import Clock
from task_phrases.patterns import Match, Pattern, rx

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
    """A time of day as written; without a meridiem, "five" is ambiguous.

    Hour 24 is the midnight at the end of the day.
    """

    hour: int
    minute: int = 0
    meridiem: Meridiem | None = None

    @classmethod
    def at_start_of(cls, part: DayPart) -> "WallTime":
        """Return the default time of a part of the day: 9 AM for "morning"."""
        hour = _HOURS[part]
        return cls(hour if hour <= 12 else hour - 12, 0, "am" if hour < 12 else "pm")

    @property
    def is_ambiguous(self) -> bool:
        """True if the time can be before or after noon."""
        return self.meridiem is None and 1 <= self.hour <= 12

    def exact(self) -> time:
        """Resolve an ambiguous hour as people mean it in plans.

        One to six are in the afternoon, seven to eleven in the morning, twelve is noon.
        """
        if self.meridiem == "am":
            return time(self.hour % 12, self.minute)
        if self.meridiem == "pm" or (self.is_ambiguous and (self.hour <= 6 or self.hour == 12)):
            return time(self.hour % 12 + 12, self.minute)
        return time(self.hour, self.minute)

    def in_day_part(self, part: DayPart | None) -> "WallTime":
        """Return the time with its meridiem taken from a part of the day: "8" in the evening is 8 PM."""
        if part is None or part == "noon" or not self.is_ambiguous:
            return self
        if self.hour == 12 and part in {"evening", "night"}:
            return WallTime(MIDNIGHT, self.minute)
        return WallTime(self.hour, self.minute, "am" if part == "morning" else "pm")

    def later(self) -> "WallTime":
        """Return the later reading of an ambiguous time: 5 is 5 PM."""
        return WallTime(self.hour, self.minute, "pm") if self.is_ambiguous else self


@dataclass(frozen=True, slots=True)
class DateFragment:
    """The meaning of one fragment. Days are inclusive; `is_exact_day` marks a calendar date."""

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
        """Return a fragment that names one day."""
        return cls(first=day, last=day, is_exact_day=is_exact)


FragmentReader = Callable[[Match, Clock], DateFragment | None]


@dataclass(frozen=True, slots=True)
class DatePattern:
    """One kind of fragment: its pattern, and the reader of a match.

    Attributes:
        is_strong: a date wherever it is; a weak one is part of a title unless it ends the title
            ("friday report").
        keeps_text: the words stay in the title ("from 8 to 12").
        needs_neighbour: a date only next to another fragment ("morning", "3:16").
    """

    pattern: Pattern
    read: FragmentReader
    is_strong: bool = True
    keeps_text: bool = False
    needs_neighbour: bool = False


def date_pattern(pattern: str, read: FragmentReader, **traits: bool) -> DatePattern:
    """Compile a pattern of whole words in the notation of `patterns.rx`.

    Args:
        traits: attributes of `DatePattern`.
    """
    return DatePattern(rx(rf"(?<![\w#-]){pattern}(?![\w-])"), read, **traits)


@dataclass(frozen=True, slots=True)
class ResolvedDate:
    """The moment (`at`) or the days (`first` to `last`) that a phrase names.

    A bare repetition ("every week") names neither. Of a phrase that names no day, `only_time` is the
    time of day.
    """

    first: date | None = None
    last: date | None = None
    at: datetime | None = None
    repeats: bool = False
    due_day: date | None = None
    only_time: time | None = field(default=None, compare=False)

    @property
    def day(self) -> date | None:
        """The day to use as due date."""
        return self.due_day or self.first

"""Rules for reminders: when they fire, and what a task may have."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from tasks_service.domain.due import DEFAULT_TIMEZONE, clean_instant
from tasks_service.domain.text import invalid
from todochat.contracts.tasks import Due, Reminder
from todochat.ids import new_id

DAY_STARTS: Final = dt.time(
    9
)  # a task that is due on a day is due at this local time, for reminders
LATE_AFTER: Final = dt.timedelta(minutes=1)


class ReminderTime(Protocol):
    """A reminder as a request describes it."""

    @property
    def at(self) -> dt.datetime | None:
        """The instant at which it fires."""

    @property
    def minutes_before(self) -> int | None:
        """The minutes before the task is due."""


def clean_reminders(wanted: Sequence[ReminderTime]) -> list[Reminder]:
    """Validate reminders; return them without repeats, with new IDs.

    Raises:
        InvalidInputError: one has neither or both of at and minutes_before, no offset, or a year
            outside 1970 to 2999.
    """
    cleaned: dict[tuple[dt.datetime | None, int | None], Reminder] = {}
    for index, reminder in enumerate(wanted):
        pointer, at = f"/reminders/{index}", reminder.at
        if (at is None) == (reminder.minutes_before is None):
            raise invalid(pointer, 'must have either "at" or "minutes_before"')
        instant = None if at is None else clean_instant(at, pointer=f"{pointer}/at")
        cleaned[instant, reminder.minutes_before] = Reminder(
            id=new_id("rem"), at=instant, minutes_before=reminder.minutes_before
        )
    return list(cleaned.values())


def keep_ids(wanted: Sequence[Reminder], current: Sequence[Reminder]) -> list[Reminder]:
    """Return the wanted reminders; those equal to a current one with its ID, so that they stay fired."""
    known = {(reminder.at, reminder.minutes_before): reminder for reminder in current}
    return [known.get((reminder.at, reminder.minutes_before), reminder) for reminder in wanted]


def firing_time(reminder: Reminder, due: Due | None) -> dt.datetime | None:
    """Return when a reminder of an open task fires; None without a due date to relate to."""
    if reminder.at is not None or reminder.minutes_before is None:
        return reminder.at
    if due is None:
        return None
    due_at = due.at
    if due.date is not None:
        zone = ZoneInfo(due.timezone or DEFAULT_TIMEZONE)
        due_at = dt.datetime.combine(due.date, DAY_STARTS, zone).astimezone(dt.UTC)
    return due_at - dt.timedelta(minutes=reminder.minutes_before) if due_at else None

"""Converts the days, times, repetitions and reminders of arguments to the service's JSON."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from task_tools.arguments import NONE, InvalidArgumentsError
from task_tools.tool_tasks import ToolTasks
from todochat.clock import to_wire
from todochat.contracts.tasks import Due, Repeat, Task

_RULE: Final = re.compile(r"(?:RRULE:)?(?=[A-Z=;:0-9,+-]{1,500}$)(.*FREQ=.*)", re.IGNORECASE)
_TWELVE_HOURS: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ]+(?P<hour>\d{1,2})(:(?P<minute>\d\d))? ?(?P<half>[ap])\.?m\.?",
    re.IGNORECASE,
)
_DAY_CHARS: Final = len("YYYY-MM-DD")


class Repetition(msgspec.Struct, frozen=True):
    """A repetition, and the due date that its words imply."""

    repeat: Repeat | None
    due: Due | None = None


def to_wire_day(day: date, zone: ZoneInfo) -> dict[str, str]:
    """Return the JSON form of a due date or a start without a time."""
    return {"date": day.isoformat(), "timezone": zone.key}


def to_wire_moment(moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return the JSON form of a due date or a start at a time.

    Args:
        moment: with an offset.
        zone: the user's, in which the task's days are counted.
    """
    return {"at": to_wire(moment.astimezone(UTC)), "timezone": zone.key}


def to_wire_due(due_date: str | None, due_at: str | None, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the JSON form of a due date; None if neither argument is given.

    Raises:
        InvalidArgumentsError: the text is not a date or time.
    """
    try:
        if due_at is not None:
            moment = _parse_moment(due_at)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone)
            return to_wire_moment(moment, zone)
        if due_date is not None:
            return to_wire_day(date.fromisoformat(due_date), zone)
    except (ValueError, OverflowError) as error:
        msg = f"not a date or time: {due_at or due_date}"
        raise InvalidArgumentsError(msg) from error
    return None


def to_wire_start(start: str, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the JSON form of a start, a day or a time; None for "none".

    Raises:
        InvalidArgumentsError: the text is neither.
    """
    if start.strip().casefold() == NONE:
        return None
    is_day = len(start.strip()) == _DAY_CHARS
    return to_wire_due(start, None, zone) if is_day else to_wire_due(None, start, zone)


def moved_due(task: Task, day: str, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the due date of a task moved to a day; it keeps its time of day.

    Raises:
        InvalidArgumentsError: the text is not a day.
    """
    if task.due is None or task.due.at is None:
        return to_wire_due(day, None, zone)
    at = task.due.at.astimezone(zone).time()
    try:
        return to_wire_moment(datetime.combine(date.fromisoformat(day), at, zone), zone)
    except (ValueError, OverflowError) as error:
        msg = f"not a date: {day}"
        raise InvalidArgumentsError(msg) from error


def to_wire_reminders(reminders: Sequence[int | str], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the JSON form of reminders: numbers are minutes before a task is due, texts times.

    Raises:
        InvalidArgumentsError: a text is not a time.
    """
    wire: list[dict[str, Any]] = []
    for reminder in reminders:
        if isinstance(reminder, int) or reminder.strip().isdecimal():
            wire.append({"minutes_before": int(reminder)})
        else:
            wire.append({"at": (to_wire_due(None, reminder, zone) or {})["at"]})
    return wire


async def read_repetition(tasks: ToolTasks, text: str) -> Repetition:
    """Return a repetition given as an RRULE, or in words, which the tasks service reads.

    Every attempt at the run gets the same one.

    Raises:
        InvalidArgumentsError: the words aren't a repetition.
    """
    rule = _RULE.fullmatch(text.strip())
    if rule is not None:
        return Repetition(Repeat(rule=rule[1].upper(), base="due"))

    async def read() -> bytes:
        line = {"text": f"task {text}", "timezone": tasks.zone.key, "locale": tasks.host.locale}
        return msgspec.json.encode(
            await tasks.client.ask(tasks.caller, "/tasks/quick/read", Repetition, line)
        )

    understood = msgspec.json.decode(await tasks.host.once("repeat", read), type=Repetition)
    if understood.repeat is None:
        msg = f'not a repetition: {text}; say it like "every monday at 9", or give an RRULE'
        raise InvalidArgumentsError(msg)
    return understood


def _parse_moment(text: str) -> datetime:
    """Parse ISO 8601, or a day with the time as models copy it from a user: "2026-11-24 5pm".

    Raises:
        ValueError: the text is neither.
    """
    match = _TWELVE_HOURS.fullmatch(text.strip())
    if match is None:
        return datetime.fromisoformat(text)
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        msg = f"no hour of a clock with 12 hours: {hour}"
        raise ValueError(msg)
    afternoon = 12 if match["half"].lower() == "p" else 0
    return datetime.fromisoformat(
        f"{match['day']}T{hour % 12 + afternoon:02}:{match['minute'] or '00'}"
    )

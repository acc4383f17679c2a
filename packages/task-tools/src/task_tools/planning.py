"""The tool that proposes a plan of a day."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from task_tools.arguments import (
    MAX_YEAR,
    InvalidArgumentsError,
    PlanDayArguments,
    PlanEntry,
)
from task_tools.tool_spec import OPEN_FIRST, ToolOutcome
from task_tools.tool_tasks import RecordedTask, ToolTasks
from task_tools.wire_times import to_wire_moment


async def plan_day(tasks: ToolTasks, arguments: PlanDayArguments) -> ToolOutcome:
    """Hold a plan, the starts and durations of tasks, until the user accepts it."""
    try:
        day = tasks.today if arguments.day is None else date.fromisoformat(arguments.day)
    except ValueError as error:
        msg = f"not a date: {arguments.day}"
        raise InvalidArgumentsError(msg) from error
    if day < tasks.today:
        msg = f"{day} has passed; plan today ({tasks.today}) or a later day"
        raise InvalidArgumentsError(msg)
    if day.year > MAX_YEAR:
        msg = f"{day} is after the year {MAX_YEAR}"
        raise InvalidArgumentsError(msg)
    found = await tasks.resolve_tasks([entry.task for entry in arguments.entries], OPEN_FIRST)
    if len(found) < len(arguments.entries):
        msg = "each task may be in the plan once"
        raise InvalidArgumentsError(msg)
    placed = []
    for entry, task in zip(arguments.entries, found, strict=True):
        hour, minute = (int(part) for part in entry.at.split(":"))
        start = datetime.combine(day, time(hour, minute), tasks.zone).astimezone(UTC)
        placed.append((start, entry, task))
    placed.sort(key=lambda each: each[0])
    _check(placed, tasks)
    operations: list[dict[str, Any]] = [
        {
            "type": "update",
            "task_id": task.id,
            "changes": {
                "start": to_wire_moment(start, tasks.zone),
                "duration_minutes": entry.minutes,
            },
        }
        for start, entry, task in placed
    ]
    raise await tasks.hold_operations(operations)


def _check(placed: list[tuple[datetime, PlanEntry, RecordedTask]], tasks: ToolTasks) -> None:
    """Check the entries of a plan, in the order of their starts.

    Raises:
        InvalidArgumentsError: one starts in the past, is done, or overlaps the next one.
    """
    for start, entry, task in placed:
        if start < tasks.host.now.replace(second=0, microsecond=0):
            msg = f"{entry.at} (#{task.number}) has passed; plan it later"
            raise InvalidArgumentsError(msg)
        if task.completed_at is not None:
            msg = f"#{task.number} is done already"
            raise InvalidArgumentsError(msg)
    for (start, entry, task), (next_start, next_entry, other) in pairwise(placed):
        if start + timedelta(minutes=entry.minutes) > next_start:
            msg = f"#{task.number} isn't finished at {next_entry.at}, when #{other.number} starts"
            raise InvalidArgumentsError(msg)

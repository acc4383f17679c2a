"""Converts a submitted task form into the fields to change."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from chatkit.errors import CustomStreamError
from msgspec import UNSET

from task_tools.wire_times import to_wire_due
from todo_agent.action_payloads import SaveAction
from todo_agent.task_cards import PRIORITIES, due_day
from todochat.contracts.tasks import Task


def changed_fields(form: SaveAction, task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body of a PATCH with the fields that differ from the task.

    Raises:
        CustomStreamError: a field's value is invalid.
    """
    body: dict[str, Any] = {}
    if form.title is not UNSET:
        title = " ".join(form.title.split())
        if not title:
            raise _refused("A task needs a title.")
        body["title"] = title
    if form.priority is not UNSET:
        if form.priority not in PRIORITIES:
            raise _refused("Invalid priority.")
        body["priority"] = form.priority
    if form.list_id is not UNSET:
        body["list_id"] = form.list_id
    if form.due is not UNSET:
        body["due"] = _changed_due(form.due, task, zone)
    stored = msgspec.to_builtins(task)
    return {name: value for name, value in body.items() if value != stored[name]}


def _changed_due(given: str | None, task: Task, zone: ZoneInfo) -> Any:
    if not given:
        return None
    day = _parse_day(given, zone)
    if day.isoformat() == due_day(task, zone.key):
        return msgspec.to_builtins(task.due)  # the form shows no time of day, so keep it
    if task.due is None or task.due.at is None:
        return to_wire_due(day.isoformat(), None, zone)
    local = task.due.at.astimezone(zone).time()
    return to_wire_due(None, datetime.combine(day, local).isoformat(), zone)


def _parse_day(given: str, zone: ZoneInfo) -> date:
    """Parse a date picker's value: a day, or the instant at which it starts.

    Midnight UTC means that day; any other instant means its day in the user's time zone.
    """
    try:
        if len(given) == len("YYYY-MM-DD"):
            return date.fromisoformat(given)
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise _refused("Invalid date.") from error
    is_midnight = moment.time() == time.min
    return moment.date() if moment.tzinfo is None or is_midnight else moment.astimezone(zone).date()


def _refused(message: str) -> CustomStreamError:
    return CustomStreamError(message, allow_retry=False)

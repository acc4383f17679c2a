"""Converts a submitted task form into the fields to change."""

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from chatkit.errors import CustomStreamError
from msgspec import UNSET

from todo_agent.action_payloads import SaveAction, TaskFields
from todo_agent.task_cards import (
    KEEP,
    PRIORITIES,
    REMINDERS,
    REPEATS,
    TIME_PATTERN,
    due_day,
    due_time,
    reminder_choice,
    repeat_choice,
)
from todochat.clock import to_wire
from todochat.contracts.tasks import Task


def changed_fields(form: SaveAction, task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body of a PATCH with the fields that differ from the task.

    Raises:
        CustomStreamError: a field's value is invalid.
    """
    body = _read_fields(form)
    if form.repeat is not UNSET and form.repeat == repeat_choice(task):
        body.pop("repeat", None)
    if form.reminder is not UNSET and form.reminder == reminder_choice(task):
        body.pop("reminders", None)
    if form.due is not UNSET or form.time is not UNSET:
        body["due"] = _changed_due(form, task, zone)
    stored = msgspec.to_builtins(task)
    return {name: value for name, value in body.items() if value != stored[name]}


def new_task(form: TaskFields, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body of a POST.

    Raises:
        CustomStreamError: a field's value is invalid, or the title is missing.
    """
    body = _read_fields(form)
    if "title" not in body:
        raise _refused("A task needs a title.")
    day = _parse_day(form.due, zone) if form.due else None
    at = _parse_time(form.time) if form.time else None
    if at is not None and day is None:
        raise _refused("Choose the date for this time.")
    if day is not None:
        body["due"] = _wire_due(day, at, zone)
    return {name: value for name, value in body.items() if value not in (None, [])}


def _read_fields(form: TaskFields) -> dict[str, Any]:
    """Return the fields of a form except its due date."""
    body: dict[str, Any] = {}
    if form.title is not UNSET:
        body["title"] = " ".join(form.title.split())
        if not body["title"]:
            raise _refused("A task needs a title.")
    if form.priority is not UNSET:
        body["priority"] = _checked(form.priority, PRIORITIES, "priority")
    if form.list_id is not UNSET:
        body["list_id"] = form.list_id
    if form.repeat is not UNSET and form.repeat != KEEP:
        rule = _checked(form.repeat, REPEATS, "repetition")
        body["repeat"] = None if rule == "none" else {"rule": rule, "from": "due"}
    if form.reminder is not UNSET and form.reminder != KEEP:
        minutes = _checked(form.reminder, REMINDERS, "reminder")
        body["reminders"] = [] if minutes == "none" else [{"minutes_before": int(minutes)}]
    if form.tags is not UNSET:
        tags = [" ".join(tag.split()) for tag in (form.tags or "").split(",")]
        body["tags"] = list(dict.fromkeys(filter(None, tags)))
    return body


def _checked(value: str, allowed: Any, what: str) -> str:
    if value not in allowed:
        message = f"Invalid {what}."
        raise _refused(message)
    return value


def _changed_due(form: SaveAction, task: Task, zone: ZoneInfo) -> Any:
    """Return the due date of a form; one that shows no time of day keeps it."""
    stored_day, stored_time = due_day(task, zone.key), due_time(task, zone.key)
    given = stored_day if form.due is UNSET else form.due
    if not given:
        if form.time is not UNSET and form.time and form.time != stored_time:
            raise _refused("Choose the date for this time.")
        return None
    day = _parse_day(given, zone)
    text = stored_time if form.time is UNSET else form.time
    at = _parse_time(text) if text else None
    is_same_time = (None if at is None else f"{at:%H:%M}") == stored_time
    if day.isoformat() == stored_day and is_same_time:
        return msgspec.to_builtins(task.due)
    return _wire_due(day, at, zone)


def _wire_due(day: date, at: time | None, zone: ZoneInfo) -> dict[str, str]:
    if at is None:
        return {"date": day.isoformat(), "timezone": zone.key}
    moment = datetime.combine(day, at, zone)
    return {"at": to_wire(moment.astimezone(UTC)), "timezone": zone.key}


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


def _parse_time(given: str) -> time:
    """Parse a time of day, H:MM or HH:MM."""
    if re.fullmatch(TIME_PATTERN, given.strip()) is None:
        raise _refused("Write the time as hours and minutes, such as 17:30.")
    hour, minute = (int(part) for part in given.strip().split(":"))
    return time(hour, minute)


def _refused(message: str) -> CustomStreamError:
    return CustomStreamError(message, allow_retry=False)

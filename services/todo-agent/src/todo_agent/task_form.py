"""From what a person left in a task's form to the changes that the tasks service is asked for."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from chatkit.errors import CustomStreamError
from msgspec import UNSET

from todo_agent.action_payloads import Save
from todo_agent.task_cards import PRIORITIES, due_day
from todo_agent.tool_arguments import due_of
from todochat.contracts.tasks import Task


def changes_of(form: Save, task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body of a PATCH with what differs from the task.

    Raises:
        CustomStreamError: a field's value can't be.
    """
    body: dict[str, Any] = {}
    if form.title is not UNSET:
        title = " ".join(form.title.split())
        if not title:
            raise _refused("A task needs a title.")
        body["title"] = title
    if form.priority is not UNSET:
        if form.priority not in PRIORITIES:
            raise _refused("There is no such priority.")
        body["priority"] = form.priority
    if form.list_id is not UNSET:
        body["list_id"] = form.list_id
    if form.due is not UNSET:
        body["due"] = _due(form.due, task, zone)
    stored = msgspec.to_builtins(task)
    return {name: value for name, value in body.items() if value != stored[name]}


def _due(given: str | None, task: Task, zone: ZoneInfo) -> Any:
    if not given:
        return None
    day = _day(given, zone)
    if day.isoformat() == due_day(task, zone.key):
        return msgspec.to_builtins(
            task.due
        )  # the form shows no time of day, and doesn't take it away
    if task.due is None or task.due.at is None:
        return due_of(day.isoformat(), None, zone)
    local = task.due.at.astimezone(zone).time()
    return due_of(None, datetime.combine(day, local).isoformat(), zone)


def _day(given: str, zone: ZoneInfo) -> date:
    """Read a date picker's value: a day, or an instant that begins it.

    Midnight UTC stands for the day itself; any other instant for its day in the person's zone.
    """
    try:
        if len(given) == len("YYYY-MM-DD"):
            return date.fromisoformat(given)
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise _refused("This is no date.") from error
    is_midnight = moment.time() == time.min
    return moment.date() if moment.tzinfo is None or is_midnight else moment.astimezone(zone).date()


def _refused(message: str) -> CustomStreamError:
    return CustomStreamError(message, allow_retry=False)

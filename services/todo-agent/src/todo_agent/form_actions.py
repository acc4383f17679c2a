"""Clicks on the forms of tasks: save, add and close, and the fields that they send."""

import re
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from task_tools.answering import NOTHING_CHANGED
from task_tools.wire_times import to_wire_day, to_wire_moment
from todo_agent import action_payloads as payloads
from todo_agent.action_payloads import SaveAction, TaskFields, read_payload, refused
from todo_agent.card_click import CardClick
from todo_agent.task_form import (
    KEEP,
    PRIORITIES,
    REMINDERS,
    REPEATS,
    TIME_PATTERN,
    due_day,
    due_time,
    reminder_choice,
    repeat_choice,
    saved_card,
)
from todochat.contracts.tasks import Task

NOT_ADDED: Final = "Nothing was added."


async def save_task(click: CardClick, payload: Any) -> None:
    """Save the fields of a task's form that the user has edited; the card confirms it."""
    action = edited(read_payload(payload, payloads.SaveAction), click.tasks.zone)
    before = await click.tasks.resolve_task(action.task_id, ())
    changes = changed_fields(action, before, click.tasks.zone)
    if not changes:
        await click.dismiss(NOTHING_CHANGED, payloads.SAVE)
        return
    task = await click.tasks.update_task(before.id, changes)
    await _confirm(click, task, "Saved")
    await click.record_tasks("change_tasks", [task], changes)


async def add_task(click: CardClick, payload: Any) -> None:
    """Add the task of an empty form; the card confirms it."""
    action = read_payload(payload, payloads.TaskFields)
    await click.check_offered(payloads.ADD)
    body = new_task(action, click.tasks.zone)
    response = await click.tasks.client.change(click.tasks.caller, "POST", "/tasks", body)
    task = msgspec.json.decode(response, type=Task)
    await _confirm(click, task, "Added")
    output = {"task": await click.tasks.describe_task(task)}
    await click.record_change("add_task", {"title": task.title}, output)


async def close_form(click: CardClick, payload: Any) -> None:
    """Close a form; what was typed is dropped."""
    action = read_payload(payload, payloads.CloseAction)
    text = NOT_ADDED if action.task_id is None else NOTHING_CHANGED
    await click.dismiss(text, payloads.CLOSE)


async def _confirm(click: CardClick, task: Task, verb: str) -> None:
    names = await click.tasks.get_list_names()
    zone, group = click.tasks.zone.key, click.run.turn_id
    await click.redraw(lambda _: saved_card(task, verb, names, zone, group))


def edited(form: SaveAction, zone: ZoneInfo) -> SaveAction:
    """Return a form with only the fields that were edited; others may have changed elsewhere.

    Raises:
        CustomStreamError: the day is invalid.
    """
    if form.shown is None:
        return form
    day = _parse_day(form.due, zone).isoformat() if form.due else None
    given = msgspec.structs.replace(form, due=day)
    same = {
        name: UNSET
        for name in TaskFields.__struct_fields__
        if (getattr(given, name) or None) == (getattr(form.shown, name) or None)
    }
    return msgspec.structs.replace(form, **same)


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
        body["due"] = _read_due(form, task, zone)
    stored = msgspec.to_builtins(task)
    return {name: value for name, value in body.items() if value != stored[name]}


def new_task(form: TaskFields, zone: ZoneInfo) -> dict[str, Any]:
    """Return the body of a POST.

    Raises:
        CustomStreamError: a field's value is invalid, or the title is missing.
    """
    body = _read_fields(form)
    if "title" not in body:
        raise refused("A task needs a title.")
    body["due"] = _read_due(form, None, zone)
    return {name: value for name, value in body.items() if value not in (None, [])}


def _read_fields(form: TaskFields) -> dict[str, Any]:
    """Return the fields of a form except its due date."""
    body: dict[str, Any] = {}
    if form.title is not UNSET:
        body["title"] = " ".join(form.title.split())
        if not body["title"]:
            raise refused("A task needs a title.")
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
        raise refused(message)
    return value


def _read_due(form: TaskFields, task: Task | None, zone: ZoneInfo) -> Any:
    """Return the due date of a form; a day or a time that it doesn't show stays the task's."""
    stored_day, stored_time = due_day(task, zone.key), due_time(task, zone.key)
    given = stored_day if form.due is UNSET else form.due
    text = stored_time if form.time is UNSET else form.time
    if not given:
        if text and text != stored_time:
            raise refused("Choose the date for this time.")
        return None
    day = _parse_day(given, zone)
    if not text:
        is_same = stored_time is None
        wire = to_wire_day(day, zone)
    elif re.fullmatch(TIME_PATTERN, text.strip()) is None:
        raise refused("Write the time as hours and minutes, such as 17:30.")
    else:
        hour, minute = (int(part) for part in text.strip().split(":"))
        moment = datetime.combine(day, time(hour, minute), zone)
        is_same = f"{moment:%H:%M}" == stored_time
        try:
            wire = to_wire_moment(moment, zone)
        except OverflowError as error:
            raise refused("Invalid date.") from error
    if task is not None and is_same and day.isoformat() == stored_day:
        return msgspec.to_builtins(task.due)
    return wire


def _parse_day(given: str, zone: ZoneInfo) -> date:
    """Parse a date picker's value: a day, or the instant at which it starts.

    Midnight UTC means that day; any other instant means its day in the user's time zone.
    """
    try:
        if len(given) == len("YYYY-MM-DD"):
            return date.fromisoformat(given)
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None or moment.time() == time.min:
            return moment.date()
        return moment.astimezone(zone).date()
    except (ValueError, OverflowError) as error:
        raise refused("Invalid date.") from error

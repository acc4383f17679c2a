"""New times that depend on each task's own: a time without a day, and a snoozed reminder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from offline_assistant.intents import Changes
from offline_assistant.tool_calls import TaskResult
from task_phrases.clock import Clock
from task_phrases.due_date import DAY_STARTS, DueDate


def on_own_day(changes: Changes, tasks: Sequence[TaskResult], clock: Clock) -> Changes | None:
    """Return changes whose due time, given without a day, is on the day that the tasks have.

    A task without a day, or with one on which that time has passed, gets the next such time.

    Returns:
        None if the tasks have different days.
    """
    if changes.due is None or changes.due.only_time is None:
        return changes
    days = {task.due.day_in(clock.zone) if task.due else None for task in tasks}
    if len(days) != 1:
        return None
    (day,) = days
    at = clock.at(day, changes.due.only_time) if day else clock.now
    return changes if at <= clock.now else replace(changes, due=DueDate(at=at))


def snoozed_reminders(task: TaskResult, until: datetime, clock: Clock) -> list[int | datetime]:
    """Return a task's reminders after a snooze: none before `until`, one then, and later ones as before.

    Those before the due time that have fired stay, since the tasks service doesn't repeat them.
    """
    due = task.due and (task.due.at or (task.due.day and clock.at(task.due.day, DAY_STARTS)))
    kept = [
        minutes
        for minutes in task.reminders
        if due and not clock.now < due - timedelta(minutes=minutes) <= until
    ]
    return [*kept, *(at for at in task.reminder_times if at > until), until]

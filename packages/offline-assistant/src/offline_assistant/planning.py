"""The plan of a day: deterministic, from the tasks that are overdue or due today."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from offline_assistant import replies, tool_calls
from offline_assistant.date_text import format_minutes, format_time
from offline_assistant.intents import Filter, PlanDayIntent
from offline_assistant.lookup import Plan, PlanContext, fetch_tasks
from offline_assistant.markdown import mention
from offline_assistant.prompts import Prompt
from offline_assistant.showing import urgency
from offline_assistant.tool_calls import TaskResult
from task_phrases.clock import Clock

FIRST_START: Final = time(9)
STEP_MINUTES: Final = 15
DEFAULT_MINUTES: Final = 30  # of a task without a duration
MAX_ENTRIES: Final = 30
_RANK: Final = {"high": 0, "medium": 1, "none": 2, "low": 3}


def plan_day(_intent: PlanDayIntent, context: PlanContext) -> Plan:
    """Propose when to do today's tasks; the tool keeps the plan until the yes."""
    clock = context.clock
    output = yield from fetch_tasks(Filter(due_to=clock.today))
    if not output.is_ok:
        return replies.describe_failure("load your tasks", output)
    entries = make_plan(output.tasks, clock)
    if not output.tasks:
        return "Nothing is due today or overdue, so there is nothing to plan."
    if not entries:
        return "There is no time left today."
    calls = [
        (task.number, start.timetz().replace(tzinfo=None), minutes)
        for task, start, minutes in entries
    ]
    (planned,) = yield [tool_calls.plan_day(calls)]
    if not planned.needs_confirmation:
        return replies.describe_failure("plan your day", planned)
    lines = "\n".join(
        f"- {format_time(start, clock)}: {mention(task.number, task.title)} ({format_minutes(minutes)})"
        for task, start, minutes in entries
    )
    left = len(output.tasks) - len(entries)
    more = f"\n\n{left} more don't fit into today." if left else ""
    return f"A plan for today:\n\n{lines}{more}\n\n{Prompt.CONFIRM.value}"


def make_plan(tasks: Sequence[TaskResult], clock: Clock) -> list[tuple[TaskResult, datetime, int]]:
    """Return tasks with their starts and minutes, one after the other, until midnight.

    It begins at 9:00 or the next quarter of an hour: overdue tasks first, then by priority and due
    time. Each starts at a quarter of an hour.
    """
    begin = max(_next_step(clock.now), clock.at(clock.today, FIRST_START))
    end = clock.at(clock.today + timedelta(days=1), time())
    plan: list[tuple[TaskResult, datetime, int]] = []
    for task in sorted(tasks, key=lambda task: _order(task, clock)):
        minutes = min(task.duration_minutes or DEFAULT_MINUTES, 1440)
        if len(plan) < MAX_ENTRIES and begin + timedelta(minutes=minutes) <= end:
            plan.append((task, begin, minutes))
            begin = _next_step(begin + timedelta(minutes=minutes))
    return plan


def _order(task: TaskResult, clock: Clock) -> tuple[bool, int, datetime, int]:
    _, is_in_time, moment, _, number = urgency(task, clock)
    return is_in_time, _RANK.get(task.priority, 2), moment, number


def _next_step(moment: datetime) -> datetime:
    """Return the next quarter of an hour that isn't before a time."""
    floor = moment.replace(
        minute=moment.minute // STEP_MINUTES * STEP_MINUTES, second=0, microsecond=0
    )
    return floor if floor == moment else floor + timedelta(minutes=STEP_MINUTES)

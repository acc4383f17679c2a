"""Plans that answer with tasks and lists and change nothing."""

from collections.abc import Sequence
from datetime import datetime, time

from offline_assistant import replies
from offline_assistant.clock import Clock
from offline_assistant.date_text import format_day, is_overdue
from offline_assistant.intents import Filter, ShowTasksIntent
from offline_assistant.lookup import Plan, PlanContext, read_tasks
from offline_assistant.markdown import quote
from offline_assistant.matching import match_titles, search_term
from offline_assistant.tool_calls import TaskResult, list_lists

_RANK = {"high": 0, "medium": 1, "none": 2, "low": 3}


def show_tasks(intent: ShowTasksIntent, context: PlanContext) -> Plan:
    """List the tasks that were asked for, count them, or pick the one to do next."""
    output = yield from read_tasks(
        intent.task_filter, search_term(intent.words) if intent.words else None
    )
    if not output.is_ok:
        return replies.describe_failure("look that up", output)
    tasks: Sequence[TaskResult] = output.tasks
    if intent.words:
        matches = match_titles(intent.words, tasks)
        tasks = matches.sure or matches.perhaps
    if intent.numbers:
        return _named(tasks, intent.numbers, context.clock)
    if intent.only_dated:
        tasks = [task for task in tasks if task.due is not None]
    if intent.form == "next":
        return _next(tasks, context.clock)
    about = _about(intent, context.clock)
    if not tasks:
        return f"You have no {about}."
    total = len(tasks) if intent.words or intent.only_dated else max(output.total, len(tasks))
    count = f"{total} {about}" if total != 1 else f"1 {about.replace('tasks', 'task', 1)}"
    if intent.form == "count":
        return f"You have {count}."
    ordered = sorted(tasks, key=lambda task: _urgency(task, context.clock))
    return f"You have {count}:\n\n{replies.format_tasks(ordered, context.clock, total)}"


def show_lists() -> Plan:
    """Name the lists."""
    (output,) = yield [list_lists()]
    if not output.is_ok:
        return replies.describe_failure("look at your lists", output)
    if not output.lists:
        return "You have no lists yet."
    shown = [
        f"- {quote(found.name)}: {found.open_tasks} open{' (the default list)' if found.is_default else ''}"
        for found in output.lists
    ]
    return "Your lists:\n\n" + "\n".join(shown)


def _named(tasks: Sequence[TaskResult], numbers: Sequence[int], clock: Clock) -> str:
    known = {task.number: task for task in tasks}
    return "\n\n".join(
        f"{replies.describe_task(known[number], clock, with_list=True)}."
        if number in known
        else f"There is no task #{number}."
        for number in numbers
    )


def _next(tasks: Sequence[TaskResult], clock: Clock) -> str:
    if not tasks:
        return "You have no open tasks: nothing to do next."
    ordered = sorted(tasks, key=lambda task: _urgency(task, clock))
    others = len(ordered) - 1
    rest = f" After that there {'is' if others == 1 else 'are'} {others} more." if others else ""
    return f"Next I'd do {replies.describe_task(ordered[0], clock)}.{rest}"


def _urgency(task: TaskResult, clock: Clock) -> tuple[bool, bool, datetime, int, int]:
    """Sort key: overdue first, then by due and priority; finished and dateless ones last."""
    moment = _due_moment(task, clock)
    late = task.due is not None and is_overdue(task.due, clock)
    far = clock.at(clock.today.replace(year=9998, day=1), time())
    return (task.is_completed, not late, moment or far, _RANK.get(task.priority, 2), task.number)


def _due_moment(task: TaskResult, clock: Clock) -> datetime | None:
    if task.due is None:
        return None
    if task.due.at is not None:
        return task.due.at
    return clock.at(task.due.day, time(23, 59)) if task.due.day else None


def _about(intent: ShowTasksIntent, clock: Clock) -> str:
    """Return "open tasks due today in **work**", in the words of the question."""
    task_filter = intent.task_filter
    state = {"open": "open ", "completed": "completed ", "all": ""}[task_filter.status]
    parts = [f"{'overdue ' if task_filter.overdue else state}tasks", _when(task_filter, clock)]
    if task_filter.priority:
        parts.insert(0, f"{task_filter.priority}-priority")
    if task_filter.list_name:
        parts.append(f"in {quote(task_filter.list_name)}")
    if task_filter.tag:
        parts.append(f"with the tag {quote(task_filter.tag)}")
    if intent.only_dated and not task_filter.has_due and not task_filter.overdue:
        parts.append("with a due date")
    if intent.words:
        parts.append(f"about {quote(intent.words)}")
    return " ".join(part for part in parts if part)


def _when(task_filter: Filter, clock: Clock) -> str:
    first, last = task_filter.due_from, task_filter.due_to
    if first and last:
        if first == last:
            return f"due {format_day(first, clock)}"
        return f"due from {format_day(first, clock)} to {format_day(last, clock)}"
    if last:
        return f"due by {format_day(last, clock)}"
    return f"due from {format_day(first, clock)} on" if first else ""

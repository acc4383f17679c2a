"""Plans that reply with tasks, lists or a text and change nothing."""

from collections.abc import Sequence
from datetime import datetime, time

from offline_assistant import replies
from offline_assistant.date_text import is_overdue
from offline_assistant.intents import (
    AddIntent,
    ClarifyIntent,
    NewTask,
    OfferIntent,
    ShowListsIntent,
    ShowTasksIntent,
    TalkIntent,
)
from offline_assistant.lookup import Plan, PlanContext, fetch_tasks
from offline_assistant.markdown import quote
from offline_assistant.matching import match_titles, search_term
from offline_assistant.prompts import PROMPT_FOR, Prompt
from offline_assistant.tool_calls import TaskResult, find_lists, show_task
from task_phrases.clock import Clock

_RANK = {"high": 0, "medium": 1, "none": 2, "low": 3}


def show_tasks(intent: ShowTasksIntent, context: PlanContext) -> Plan:
    """List or count tasks, or pick the one to do next."""
    clock = context.clock
    if intent.number is not None:
        return (yield from show_named_task(intent.number, context))
    text = search_term(intent.words) if intent.words else None
    output = yield from fetch_tasks(intent.task_filter, text)
    if not output.is_ok:
        return replies.describe_failure("load your tasks", output)
    tasks: Sequence[TaskResult] = output.tasks
    if intent.words:
        matches = match_titles(intent.words, tasks)
        tasks = matches.sure or matches.perhaps
    if intent.only_dated:
        tasks = [task for task in tasks if task.due is not None]
    tasks = sorted(tasks, key=lambda task: urgency(task, clock))
    if intent.form == "next":
        return describe_next(tasks, clock)
    query = replies.describe_query(intent, clock)
    if not tasks:
        return f"You have no {query}."
    total = len(tasks) if intent.words or intent.only_dated else max(output.total, len(tasks))
    count = f"{total} {query}" if total != 1 else f"1 {query.replace('tasks', 'task', 1)}"
    if intent.form == "count":
        return f"You have {count}."
    return f"You have {count}:\n\n{replies.format_tasks(tasks, clock, total)}"


def show_named_task(number: int, context: PlanContext) -> Plan:
    """Show a task as a form, and its details."""
    (output,) = yield [show_task(number)]
    if output.task is None:
        return replies.describe_failure(f"show #{number}", output)
    return f"{replies.describe_task(output.task, context.clock, with_list=True)}."


def show_lists(_intent: ShowListsIntent, _context: PlanContext) -> Plan:
    """Show the lists with their numbers of open tasks."""
    (output,) = yield [find_lists()]
    if not output.is_ok:
        return replies.describe_failure("load your lists", output)
    if not output.lists:
        return "You have no lists yet."
    lines = [
        f"- {quote(known.name)}: {known.open_tasks} open{' (default list)' if known.is_default else ''}"
        for known in output.lists
    ]
    return "Your lists:\n\n" + "\n".join(lines)


def talk(intent: TalkIntent, context: PlanContext) -> Plan:
    """Reply to a topic without a tool."""
    yield from ()
    return replies.topic_reply(intent.topic, context.clock)


def ask_for_detail(intent: ClarifyIntent, _context: PlanContext) -> Plan:
    """Ask for the missing detail of a command; for "add a task" also show an empty form."""
    if intent.draft == AddIntent((NewTask(""),)):
        yield [show_task()]
    return PROMPT_FOR[intent.missing].value


def offer_tasks(intent: OfferIntent, _context: PlanContext) -> Plan:
    """Offer to add tasks."""
    yield from ()
    titles = " and ".join(quote(task.title) for task in intent.add.tasks)
    return f"Shall I add {titles}? {Prompt.OFFER.value}"


def describe_next(tasks: Sequence[TaskResult], clock: Clock) -> str:
    """Return the first task and the number of the others."""
    if not tasks:
        return "You have no open tasks, so there is nothing to do next."
    others = len(tasks) - 1
    rest = f" There {'is' if others == 1 else 'are'} {others} more after that." if others else ""
    return f"Next up: {replies.describe_task(tasks[0], clock)}.{rest}"


def urgency(task: TaskResult, clock: Clock) -> tuple[bool, bool, datetime, int, int]:
    """Return a sort key: overdue tasks first, then by due date and priority; completed ones last."""
    is_late = task.due is not None and is_overdue(task.due, clock)
    moment = clock.at(clock.today.replace(year=9998, day=1), time())
    if task.due is not None and task.due.at is not None:
        moment = task.due.at
    elif task.due is not None and task.due.day is not None:
        moment = clock.at(task.due.day, time(23, 59))
    return (task.is_completed, not is_late, moment, _RANK.get(task.priority, 2), task.number)

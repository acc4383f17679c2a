"""Resolves a command's target to tasks, calling find_tasks where needed.

A plan is a generator: it yields the calls of a step and receives their outputs. The calls of a step
run together, so a call that depends on another's result needs a step of its own.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from offline_assistant import replies
from offline_assistant.grammar.targets import MAX_NUMBERS
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    ByNextDue,
    ByNumber,
    ByReminder,
    ByWords,
    Filter,
    Target,
)
from offline_assistant.markdown import quote
from offline_assistant.matching import Titles, match_titles, search_term
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import (
    FunctionCall,
    FunctionOutput,
    ListResult,
    TaskResult,
    find_lists,
    find_tasks,
    show_task,
)
from task_phrases.clock import Clock

MAX_SHOWN: Final = 3  # tasks that are read one by one
_AND: Final = re.compile(r"\s*(?:,|\band\b|&|\+)\s*(?:\band\b\s*)?", re.IGNORECASE)

Plan = Generator[Sequence[FunctionCall], Sequence[FunctionOutput], str]


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The context of a plan: the time, and the numbers of the tasks mentioned last."""

    clock: Clock
    mentioned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """The tasks of a target; or, if there are none or several candidates, the reply.

    Attributes:
        is_selection: a filter selected the tasks ("all done ones"), not their names.
        tasks: the tasks as listed; empty if only their numbers are known.
        has_more: more tasks match than were listed.
    """

    numbers: tuple[int, ...] = ()
    tasks: tuple[TaskResult, ...] = ()
    is_selection: bool = False
    reply: str = ""
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A list, and a section of it; or, if they are ambiguous, the reply."""

    list_name: str | None = None
    section: str | None = None
    reply: str = ""


Lookup = Generator[Sequence[FunctionCall], Sequence[FunctionOutput], ResolvedTarget]


def resolve_target(
    target: Target, context: PlanContext, *, prefer_completed: bool = False
) -> Lookup:
    """Resolve a target to tasks.

    Args:
        prefer_completed: if several tasks match, choose among the completed ones.
    """
    match target:
        case ByNumber(numbers):
            return ResolvedTarget(numbers)
        case ByMention():
            return (yield from resolve_mention(target, context))
        case ByNextDue():
            return (yield from resolve_next_due(target, context))
        case ByFilter():
            return (yield from resolve_filter(target, prefer_completed=prefer_completed))
        case ByReminder():
            return (yield from resolve_reminder(context))
        case ByWords():
            return (yield from resolve_words(target, context, prefer_completed=prefer_completed))


def fetch_tasks(
    task_filter: Filter, text: str | None = None
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], FunctionOutput]:
    """List tasks; if no list has the filter's name, retry with the one that has a similar name."""
    (output,) = yield [find_tasks(task_filter, text)]
    if output.is_ok or output.code != "list-not-found" or task_filter.list_name is None:
        return output
    (lists,) = yield [find_lists()]
    similar = similar_list(task_filter.list_name, [known.name for known in lists.lists])
    if similar is None:
        return replace(output, data={**output.data, "list": task_filter.list_name})
    (output,) = yield [find_tasks(replace(task_filter, list_name=similar), text)]
    return output


def locate_section(
    name: str, list_name: str | None
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], Place]:
    """Find a section, in the named list or else in the only list that has one with this name.

    A missing section is created by the tools, in the task's own list unless one is named.
    """
    (output,) = yield [find_lists()]
    if list_name is not None:
        list_name = similar_list(list_name, [known.name for known in output.lists]) or list_name
    return known_section(name, list_name, output.lists) or Place(list_name, name)


def known_section(name: str, list_name: str | None, lists: Sequence[ListResult]) -> Place | None:
    """Return the section with this name; None if neither the list nor, without one, any has it."""
    found = [
        (known.name, section)
        for known in lists
        if list_name in (None, known.name)
        and (section := similar_list(name, known.sections)) is not None
    ]
    if len(found) > 1:
        names = ", ".join(quote(known) for known, _ in found)
        return Place(
            reply=f"Several lists have a section {quote(name)}: {names}. "
            "Name the list, too. Nothing was changed."
        )
    return Place(*found[0]) if found else None


def similar_list(name: str, known: Sequence[str]) -> str | None:
    """Return the only list whose name has the same words: "grocery" is "Groceries"."""
    as_tasks = [
        TaskResult(i, other, None, "none", None, (), is_completed=False)
        for i, other in enumerate(known)
    ]
    sure = match_titles(name, as_tasks).sure
    return sure[0].title if len(sure) == 1 else None


def resolve_mention(target: ByMention, context: PlanContext) -> Lookup:
    """Resolve "it", "both" or "the second one"; without a mention, "the last one" is the newest task."""
    numbers = context.mentioned
    if target.is_plural and numbers:
        return ResolvedTarget(numbers, is_selection=len(numbers) > 1)
    if target.position is not None:
        index = target.position - 1 if target.position > 0 else target.position
        if -len(numbers) <= index < len(numbers):
            return ResolvedTarget((numbers[index],))
        if target.position == -1:
            return (yield from resolve_newest())
    if len(numbers) == 1:
        return ResolvedTarget(numbers)
    if numbers:
        listed = ", ".join(f"#{number}" for number in numbers[: replies.MAX_LINES])
        return ResolvedTarget(
            reply=replies.with_prompt(f"The tasks mentioned last are {listed}.", Prompt.WHICH)
        )
    return ResolvedTarget(
        reply=replies.with_prompt("I don't know which task you mean.", Prompt.WHICH)
    )


def resolve_newest() -> Lookup:
    """Resolve to the open task that was created last."""
    output = yield from fetch_tasks(Filter())
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("load your tasks", output))
    if not output.tasks:
        return ResolvedTarget(reply="You have no open tasks.")
    newest = max(output.tasks, key=lambda task: task.number)
    return ResolvedTarget((newest.number,), (newest,))


def resolve_next_due(target: ByNextDue, context: PlanContext) -> Lookup:
    """Resolve "the next meeting" to the first such task that is due today or later."""
    output = yield from fetch_tasks(Filter(due_from=context.clock.today))
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("load your tasks", output))
    tasks: Sequence[TaskResult] = output.tasks
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks:
        return ResolvedTarget(reply="No upcoming tasks match.")
    first = tasks[0]  # sorted by due date
    return ResolvedTarget((first.number,), (first,))


def resolve_reminder(context: PlanContext) -> Lookup:
    """Resolve "the reminder"; it needs a choice if several tasks have some."""
    if len(context.mentioned) == 1:
        return ResolvedTarget(context.mentioned)
    output = yield from fetch_tasks(Filter())
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("load your tasks", output))
    tasks = tuple(task for task in output.tasks if task.reminders or task.reminder_times)
    if not tasks:
        return ResolvedTarget(reply="No open task has a reminder.")
    if len(tasks) == 1:
        return ResolvedTarget((tasks[0].number,), tasks)
    listed = replies.format_tasks(tasks, context.clock)
    return ResolvedTarget(
        reply=f"Several tasks have reminders.\n\n{listed}\n\n{Prompt.WHICH.value}"
    )


def resolve_filter(target: ByFilter, *, prefer_completed: bool) -> Lookup:
    """Resolve "all done ones" or "everything in work", where "work" may be the name of a list."""
    task_filter = target.task_filter
    if prefer_completed:
        task_filter = replace(task_filter, status="completed", overdue=False)
    output = yield from fetch_tasks(task_filter, search_term(target.words) or None)
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("load your tasks", output))
    tasks = tuple(output.tasks)
    has_more = output.has_more
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks and target.words and task_filter.list_name is None:
        (lists,) = yield [find_lists()]
        name = similar_list(target.words, [known.name for known in lists.lists])
        if name is not None:
            (listed,) = yield [find_tasks(replace(task_filter, list_name=name))]
            tasks = tuple(listed.tasks)
    if not tasks:
        words = f" {quote(target.words)}" if target.words else ""
        return ResolvedTarget(reply=f"No tasks match{words}. Nothing was changed.")
    numbers = tuple(task.number for task in tasks)
    return ResolvedTarget(numbers, tasks, is_selection=True, has_more=has_more)


def resolve_words(target: ByWords, context: PlanContext, *, prefer_completed: bool) -> Lookup:
    """Resolve words of a title; "milk and eggs" may be two tasks."""
    task_filter = replace(target.task_filter, due_from=None, due_to=None)
    output = yield from fetch_tasks(task_filter, search_term(target.words))
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("load your tasks", output))
    matches = match_titles(target.words, output.tasks, target.hint)
    if not matches.sure:
        # A typo, or several tasks at once: these need the whole list.
        output = yield from fetch_tasks(task_filter)
        several = match_each(target.words, output.tasks)
        if several:
            return ResolvedTarget(tuple(task.number for task in several), several)
        matches = match_titles(target.words, output.tasks, target.hint)
    sure = _prefer(matches.sure, is_completed=prefer_completed)
    zone = context.clock.zone
    dated = tuple(
        task
        for task in sure
        if target.task_filter.includes_due_day(task.due.day_in(zone) if task.due else None)
    )
    if len(dated) == 1:
        return ResolvedTarget((dated[0].number,), dated)
    candidates = dated or sure or _prefer(matches.perhaps, is_completed=prefer_completed)
    if not candidates:
        return ResolvedTarget(reply=f"No tasks match {quote(target.words)}.")
    question = (
        "Several tasks match." if dated else f"No task matches {quote(target.words)} exactly."
    )
    listed = replies.format_tasks(candidates, context.clock)
    return ResolvedTarget(reply=f"{question}\n\n{listed}\n\n{Prompt.WHICH.value}")


def read_named_tasks(
    resolved: ResolvedTarget,
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], tuple[TaskResult, ...]]:
    """Return the tasks of a target; reads them if only their numbers are known, and are few."""
    if resolved.tasks or len(resolved.numbers) > MAX_SHOWN:
        return resolved.tasks
    outputs = yield [show_task(number) for number in resolved.numbers]
    return tuple(output.task for output in outputs if output.task)


def match_each(words: str, tasks: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
    """Match each part of "milk and eggs"; empty unless every part matches exactly one task."""
    parts = [part for part in _AND.split(words) if part]
    if not 2 <= len(parts) <= MAX_NUMBERS:
        return ()
    titles = Titles(tasks)
    found = [_prefer(titles.sure(part), is_completed=False) for part in parts]
    if any(len(matches) != 1 for matches in found):
        return ()
    return tuple(dict.fromkeys(matches[0] for matches in found))


def _prefer(tasks: Sequence[TaskResult], *, is_completed: bool) -> tuple[TaskResult, ...]:
    preferred = tuple(task for task in tasks if task.is_completed == is_completed)
    return preferred or tuple(tasks)

"""From what a command names to the tasks it means, by asking list_tasks where that is needed.

A plan is a generator: it yields the calls of one step and is sent their outputs. A step's calls are
made at once, so a plan that needs one result for the next call yields twice.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from offline_assistant import replies
from offline_assistant.clock import Clock
from offline_assistant.grammar.targets import MAX_NUMBERS
from offline_assistant.intents import (
    ByFilter,
    ByMention,
    ByNextDue,
    ByNumber,
    ByWords,
    Filter,
    Target,
)
from offline_assistant.markdown import quote
from offline_assistant.matching import Matches, Titles, match_titles, search_term
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import (
    FunctionCall,
    FunctionOutput,
    TaskResult,
    list_lists,
    list_tasks,
)

_AND: Final = re.compile(r"\s*(?:,|\band\b|&|\+)\s*(?:\band\b\s*)?", re.IGNORECASE)

Plan = Generator[Sequence[FunctionCall], Sequence[FunctionOutput], str]


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What a plan may look at: the time, and the tasks that were spoken of last."""

    clock: Clock
    mentioned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """Which tasks are meant; or, if that isn't clear, what to say instead.

    Attributes:
        is_selection: they were picked by a rule ("all done ones"), not named one by one.
        tasks: what is known of them; empty if only numbers were needed.
        has_more: more are meant than can be handled at once.
    """

    numbers: tuple[int, ...] = ()
    tasks: tuple[TaskResult, ...] = ()
    is_selection: bool = False
    reply: str = ""
    has_more: bool = False


Lookup = Generator[Sequence[FunctionCall], Sequence[FunctionOutput], ResolvedTarget]


def find(target: Target, context: PlanContext, *, prefers_completed: bool = False) -> Lookup:
    """Find the tasks that a target means.

    Args:
        prefers_completed: of several tasks that match, completed ones are meant.
    """
    match target:
        case ByNumber(numbers):
            return ResolvedTarget(numbers)
        case ByMention():
            return (yield from _mentioned(target, context))
        case ByNextDue():
            return (yield from _next_due(target, context))
        case ByFilter():
            return (yield from _everything(target, prefers_completed=prefers_completed))
        case ByWords():
            return (yield from _by_words(target, context, prefers_completed=prefers_completed))


def read_tasks(
    task_filter: Filter, text: str | None = None
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], FunctionOutput]:
    """List tasks; a list that isn't known by the name said is tried by a similar one."""
    (output,) = yield [list_tasks(task_filter, text)]
    if output.is_ok or output.code != "list-not-found" or task_filter.list_name is None:
        return output
    (lists,) = yield [list_lists()]
    similar = similar_list(task_filter.list_name, [found.name for found in lists.lists])
    if similar is None:
        return output
    (output,) = yield [list_tasks(replace(task_filter, list_name=similar), text)]
    return output


def similar_list(name: str, known: Sequence[str]) -> str | None:
    """Return the one list whose name has the same words: "grocery" is "Groceries"."""
    as_tasks = [
        TaskResult(i, other, None, "none", None, (), is_completed=False)
        for i, other in enumerate(known)
    ]
    sure = match_titles(name, as_tasks).sure
    return sure[0].title if len(sure) == 1 else None


def _mentioned(target: ByMention, context: PlanContext) -> Lookup:
    numbers = context.mentioned
    if target.is_plural and numbers:
        return ResolvedTarget(numbers, is_selection=len(numbers) > 1)
    if target.position is not None:
        index = target.position - 1 if target.position > 0 else target.position
        if -len(numbers) <= index < len(numbers):
            return ResolvedTarget((numbers[index],))
        if target.position == -1:
            return (yield from _newest())
    if len(numbers) == 1:
        return ResolvedTarget(numbers)
    if numbers:
        listed = ", ".join(f"#{number}" for number in numbers[: replies.MAX_LINES])
        return ResolvedTarget(reply=replies.with_prompt(f"We spoke of {listed}.", Prompt.WHICH))
    return ResolvedTarget(
        reply=replies.with_prompt("I don't know which task you mean.", Prompt.WHICH)
    )


def _newest() -> Lookup:
    output = yield from read_tasks(Filter())
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("look at your tasks", output))
    if not output.tasks:
        return ResolvedTarget(reply="You have no open tasks.")
    newest = max(output.tasks, key=lambda task: task.number)
    return ResolvedTarget((newest.number,), (newest,))


def _next_due(target: ByNextDue, context: PlanContext) -> Lookup:
    output = yield from read_tasks(Filter(due_from=context.clock.today))
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("look at your tasks", output))
    tasks: Sequence[TaskResult] = output.tasks
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks:
        return ResolvedTarget(reply="There is nothing like that coming up.")
    first = tasks[0]  # sorted by due
    return ResolvedTarget((first.number,), (first,))


def _everything(target: ByFilter, *, prefers_completed: bool) -> Lookup:
    task_filter = target.task_filter
    if prefers_completed:
        task_filter = replace(task_filter, status="completed", overdue=False)
    output = yield from read_tasks(task_filter, search_term(target.words) or None)
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("look at your tasks", output))
    tasks = tuple(output.tasks)
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks and target.words and task_filter.list_name is None:
        tasks = yield from _in_list_called(target.words, task_filter)
    if not tasks:
        about = f"matches {quote(target.words)}" if target.words else "is meant by that"
        return ResolvedTarget(reply=f"I found no task that {about}. Nothing was changed.")
    numbers = tuple(task.number for task in tasks)
    return ResolvedTarget(numbers, tasks, is_selection=True, has_more=output.has_more)


def _in_list_called(
    words: str, task_filter: Filter
) -> Generator[Sequence[FunctionCall], Sequence[FunctionOutput], tuple[TaskResult, ...]]:
    """Return the tasks of the list of that name: people say "everything in work"."""
    (lists,) = yield [list_lists()]
    name = similar_list(words, [found.name for found in lists.lists])
    if name is None:
        return ()
    (output,) = yield [list_tasks(replace(task_filter, list_name=name))]
    return tuple(output.tasks)


def _by_words(target: ByWords, context: PlanContext, *, prefers_completed: bool) -> Lookup:
    task_filter = replace(target.task_filter, due_from=None, due_to=None)
    output = yield from read_tasks(task_filter, search_term(target.words))
    if not output.is_ok:
        return ResolvedTarget(reply=replies.describe_failure("look at your tasks", output))
    matches = match_titles(target.words, output.tasks, target.hint)
    if not matches.sure:
        # A typo, or several tasks in one breath: only the whole list can tell.
        output = yield from read_tasks(task_filter)
        several = _several(target.words, output.tasks)
        if several:
            return ResolvedTarget(tuple(task.number for task in several), several)
        matches = match_titles(target.words, output.tasks, target.hint)
    return _choose(target, matches, context, prefers_completed=prefers_completed)


def _several(words: str, tasks: Sequence[TaskResult]) -> tuple[TaskResult, ...]:
    """Return a task for each part of "milk and eggs", if each part means just one."""
    parts = [part for part in _AND.split(words) if part]
    if not 2 <= len(parts) <= MAX_NUMBERS:
        return ()
    titles = Titles(tasks)
    found = [_open_first(titles.sure(part)) for part in parts]
    if any(len(matches) != 1 for matches in found):
        return ()
    return tuple(dict.fromkeys(matches[0] for matches in found))


def _choose(
    target: ByWords, matches: Matches, context: PlanContext, *, prefers_completed: bool
) -> ResolvedTarget:
    sure = _open_first(matches.sure, prefers_completed=prefers_completed)
    dated = tuple(task for task in sure if _is_due_within(task, target.task_filter, context.clock))
    if len(dated) == 1:
        return ResolvedTarget((dated[0].number,), dated)
    candidates = dated or sure or _open_first(matches.perhaps, prefers_completed=prefers_completed)
    if not candidates:
        return ResolvedTarget(reply=f"I found no task that matches {quote(target.words)}.")
    question = (
        "Several tasks match." if dated else f"No task matches {quote(target.words)} exactly."
    )
    listed = replies.format_tasks(candidates, context.clock)
    return ResolvedTarget(reply=f"{question}\n\n{listed}\n\n{Prompt.WHICH.value}")


def _open_first(
    tasks: Sequence[TaskResult], *, prefers_completed: bool = False
) -> tuple[TaskResult, ...]:
    preferred = tuple(task for task in tasks if task.is_completed == prefers_completed)
    return preferred or tuple(tasks)


def _is_due_within(task: TaskResult, task_filter: Filter, clock: Clock) -> bool:
    if not task_filter.has_due:
        return True
    if task.due is None:
        return False
    day = task.due.at.astimezone(clock.zone).date() if task.due.at else task.due.day
    after = task_filter.due_from is None or (day is not None and day >= task_filter.due_from)
    before = task_filter.due_to is None or (day is not None and day <= task_filter.due_to)
    return after and before

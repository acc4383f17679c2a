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
    ByNumber,
    ByWords,
    Everything,
    Filter,
    Mentioned,
    NextDue,
    Target,
)
from offline_assistant.markdown import quote
from offline_assistant.matching import Matches, Titles, match_titles, search_term
from offline_assistant.prompts import Prompt
from offline_assistant.tool_calls import TaskView, ToolCall, ToolOutput, list_lists, list_tasks

_AND: Final = re.compile(r"\s*(?:,|\band\b|&|\+)\s*(?:\band\b\s*)?", re.IGNORECASE)

Plan = Generator[Sequence[ToolCall], Sequence[ToolOutput], str]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan may look at: the time, and the tasks that were spoken of last."""

    clock: Clock
    mentioned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Which tasks are meant; or, if that isn't clear, what to say instead.

    Attributes:
        is_selection: they were picked by a rule ("all done ones"), not named one by one.
        tasks: what is known of them; empty if only numbers were needed.
        has_more: more are meant than can be handled at once.
    """

    numbers: tuple[int, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    is_selection: bool = False
    reply: str = ""
    has_more: bool = False


Lookup = Generator[Sequence[ToolCall], Sequence[ToolOutput], Found]


def find(target: Target, situation: Situation, *, prefers_completed: bool = False) -> Lookup:
    """Find the tasks that a target means.

    Args:
        prefers_completed: of several tasks that match, completed ones are meant.
    """
    match target:
        case ByNumber(numbers):
            return Found(numbers)
        case Mentioned():
            return (yield from _mentioned(target, situation))
        case NextDue():
            return (yield from _next_due(target, situation))
        case Everything():
            return (yield from _everything(target, prefers_completed=prefers_completed))
        case ByWords():
            return (yield from _by_words(target, situation, prefers_completed=prefers_completed))


def read_tasks(
    within: Filter, text: str | None = None
) -> Generator[Sequence[ToolCall], Sequence[ToolOutput], ToolOutput]:
    """List tasks; a list that isn't known by the name said is tried by a similar one."""
    (output,) = yield [list_tasks(within, text)]
    if output.is_ok or output.code != "list-not-found" or within.list_name is None:
        return output
    (lists,) = yield [list_lists()]
    similar = similar_list(within.list_name, [found.name for found in lists.lists])
    if similar is None:
        return output
    (output,) = yield [list_tasks(replace(within, list_name=similar), text)]
    return output


def similar_list(name: str, known: Sequence[str]) -> str | None:
    """Return the one list whose name has the same words: "grocery" is "Groceries"."""
    as_tasks = [
        TaskView(i, other, None, "none", None, (), is_completed=False)
        for i, other in enumerate(known)
    ]
    sure = match_titles(name, as_tasks).sure
    return sure[0].title if len(sure) == 1 else None


def _mentioned(target: Mentioned, situation: Situation) -> Lookup:
    numbers = situation.mentioned
    if target.is_plural and numbers:
        return Found(numbers, is_selection=len(numbers) > 1)
    if target.position is not None:
        index = target.position - 1 if target.position > 0 else target.position
        if -len(numbers) <= index < len(numbers):
            return Found((numbers[index],))
        if target.position == -1:
            return (yield from _newest())
    if len(numbers) == 1:
        return Found(numbers)
    if numbers:
        listed = ", ".join(f"#{number}" for number in numbers[: replies.MAX_LINES])
        return Found(reply=replies.ask(f"We spoke of {listed}.", Prompt.WHICH))
    return Found(reply=replies.ask("I don't know which task you mean.", Prompt.WHICH))


def _newest() -> Lookup:
    output = yield from read_tasks(Filter())
    if not output.is_ok:
        return Found(reply=replies.failure("look at your tasks", output))
    if not output.tasks:
        return Found(reply="You have no open tasks.")
    newest = max(output.tasks, key=lambda task: task.number)
    return Found((newest.number,), (newest,))


def _next_due(target: NextDue, situation: Situation) -> Lookup:
    output = yield from read_tasks(Filter(due_from=situation.clock.today))
    if not output.is_ok:
        return Found(reply=replies.failure("look at your tasks", output))
    tasks: Sequence[TaskView] = output.tasks
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks:
        return Found(reply="There is nothing like that coming up.")
    first = tasks[0]  # sorted by due
    return Found((first.number,), (first,))


def _everything(target: Everything, *, prefers_completed: bool) -> Lookup:
    within = target.within
    if prefers_completed:
        within = replace(within, status="completed", overdue=False)
    output = yield from read_tasks(within, search_term(target.words) or None)
    if not output.is_ok:
        return Found(reply=replies.failure("look at your tasks", output))
    tasks = tuple(output.tasks)
    if target.words:
        tasks = match_titles(target.words, tasks).sure
    if not tasks and target.words and within.list_name is None:
        tasks = yield from _in_list_called(target.words, within)
    if not tasks:
        about = f"matches {quote(target.words)}" if target.words else "is meant by that"
        return Found(reply=f"I found no task that {about}. Nothing was changed.")
    numbers = tuple(task.number for task in tasks)
    return Found(numbers, tasks, is_selection=True, has_more=output.has_more)


def _in_list_called(
    words: str, within: Filter
) -> Generator[Sequence[ToolCall], Sequence[ToolOutput], tuple[TaskView, ...]]:
    """Return the tasks of the list of that name: people say "everything in work"."""
    (lists,) = yield [list_lists()]
    name = similar_list(words, [found.name for found in lists.lists])
    if name is None:
        return ()
    (output,) = yield [list_tasks(replace(within, list_name=name))]
    return tuple(output.tasks)


def _by_words(target: ByWords, situation: Situation, *, prefers_completed: bool) -> Lookup:
    within = replace(target.within, due_from=None, due_to=None)
    output = yield from read_tasks(within, search_term(target.words))
    if not output.is_ok:
        return Found(reply=replies.failure("look at your tasks", output))
    matches = match_titles(target.words, output.tasks, target.hint)
    if not matches.sure:
        # A typo, or several tasks in one breath: only the whole list can tell.
        output = yield from read_tasks(within)
        several = _several(target.words, output.tasks)
        if several:
            return Found(tuple(task.number for task in several), several)
        matches = match_titles(target.words, output.tasks, target.hint)
    return _choose(target, matches, situation, prefers_completed=prefers_completed)


def _several(words: str, tasks: Sequence[TaskView]) -> tuple[TaskView, ...]:
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
    target: ByWords, matches: Matches, situation: Situation, *, prefers_completed: bool
) -> Found:
    sure = _open_first(matches.sure, prefers_completed=prefers_completed)
    dated = tuple(task for task in sure if _is_due_within(task, target.within, situation.clock))
    if len(dated) == 1:
        return Found((dated[0].number,), dated)
    candidates = dated or sure or _open_first(matches.perhaps, prefers_completed=prefers_completed)
    if not candidates:
        return Found(reply=f"I found no task that matches {quote(target.words)}.")
    question = (
        "Several tasks match." if dated else f"No task matches {quote(target.words)} exactly."
    )
    listed = replies.bullets(candidates, situation.clock)
    return Found(reply=f"{question}\n\n{listed}\n\n{Prompt.WHICH.value}")


def _open_first(
    tasks: Sequence[TaskView], *, prefers_completed: bool = False
) -> tuple[TaskView, ...]:
    preferred = tuple(task for task in tasks if task.is_completed == prefers_completed)
    return preferred or tuple(tasks)


def _is_due_within(task: TaskView, within: Filter, clock: Clock) -> bool:
    if not within.has_due:
        return True
    if task.due is None:
        return False
    day = task.due.at.astimezone(clock.zone).date() if task.due.at else task.due.day
    after = within.due_from is None or (day is not None and day >= within.due_from)
    before = within.due_to is None or (day is not None and day <= within.due_to)
    return after and before

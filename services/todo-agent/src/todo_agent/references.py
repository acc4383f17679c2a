"""Resolves a model's task or list reference."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from todo_agent.tasks_client import Caller, TasksClient
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage

MAX_CANDIDATES: Final = 5
SEARCH_LIMIT: Final = "50"
MAX_SEARCH_CHARS: Final = 200
_NUMBER: Final = re.compile(r"#?\s*(\d{1,10})")


class UnclearReferenceError(Exception):
    """Nothing, or more than one thing, is meant; `code` and the text tell the model.

    Args:
        members: what else the tool's result says.
    """

    def __init__(self, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.members = members


async def find_task(
    tasks: TasksClient, caller: Caller, reference: str | int, statuses: Sequence[str]
) -> Task:
    """Return the task that a number, an id or words of a title mean.

    Args:
        statuses: which tasks words may mean, tried in this order.

    Raises:
        UnclearReferenceError: there is none, or there are several.
        UpstreamProblemError: there is none of this number or id.
    """
    text = str(reference).strip()
    number = _NUMBER.fullmatch(text)
    if number is not None or text.startswith("tsk_"):
        wanted = number[1] if number is not None else text
        return await tasks.read(caller, f"/tasks/{quote(wanted, safe='')}", Task)
    for status in statuses:
        params = {"status": status, "q": text[:MAX_SEARCH_CHARS], "limit": SEARCH_LIMIT}
        page = await tasks.read(caller, "/tasks", TaskPage, params)
        if page.items:
            return _best(text, page.items)
    msg = f'No task matches "{text}".'
    raise UnclearReferenceError("task-not-found", msg)


def _best(text: str, candidates: Sequence[Task]) -> Task:
    wanted = fold(text)
    exact = [task for task in candidates if fold(task.title) == wanted]
    named = [task for task in candidates if wanted in fold(task.title)]
    # The search looks at notes too; a title says it better.
    for group in (exact, named, candidates):
        if len(group) == 1:
            return group[0]
        if group:
            break
    chosen = exact or named or list(candidates)
    msg = f'{len(chosen)} tasks match "{text}"; ask which one is meant.'
    shown = [{"number": task.number, "title": task.title} for task in chosen[:MAX_CANDIDATES]]
    raise UnclearReferenceError("ambiguous-task", msg, candidates=shown)


def find_list(lists: ListPage, name: str) -> TaskList:
    """Return the list of that name or id, without regard to case or the word "list" at its end.

    Raises:
        UnclearReferenceError: there is none.
    """
    wanted = fold(name)
    for candidate in lists.items:
        if candidate.id == name or fold(candidate.name) == wanted:
            return candidate
    shortened = wanted.removesuffix(" list")
    for candidate in lists.items:
        if fold(candidate.name).removesuffix(" list") == shortened:
            return candidate
    msg = f'There is no list called "{name}".'
    raise UnclearReferenceError("list-not-found", msg, lists=[entry.name for entry in lists.items])


def fold(text: str) -> str:
    """Fold text so that equal results mean the same name to a person."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())

"""Resolves a model's task or list reference."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from task_tools.tasks_client import TasksClient, ToolCaller
from todochat.contracts.tasks import ListPage, Task, TaskList, TaskPage

MAX_CANDIDATES: Final = 5
SEARCH_LIMIT: Final = "50"
MAX_SEARCH_CHARS: Final = 200
_NUMBER: Final = re.compile(r"#?\s*(\d{1,10})")


class UnresolvedReferenceError(Exception):
    """A reference matches nothing, or is ambiguous; the model gets `code` and the text.

    Args:
        members: further members of the tool's result.
    """

    def __init__(self, code: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.members = members


async def find_task(
    tasks: TasksClient, caller: ToolCaller, reference: str | int, statuses: Sequence[str]
) -> Task:
    """Return the task that a number, an ID or words of a title refer to.

    Args:
        statuses: statuses of tasks that words can match, in order of preference.

    Raises:
        UnresolvedReferenceError: words match no task, or several.
        UpstreamProblemError: there is no task with this number or ID.
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
            return _best_match(text, page.items)
    msg = f'No task matches "{text}".'
    raise UnresolvedReferenceError("task-not-found", msg)


def _best_match(text: str, candidates: Sequence[Task]) -> Task:
    wanted = fold(text)
    exact = [task for task in candidates if fold(task.title) == wanted]
    named = [task for task in candidates if wanted in fold(task.title)]
    # The search includes notes; prefer matches in the title.
    for group in (exact, named, candidates):
        if len(group) == 1:
            return group[0]
        if group:
            break
    chosen = exact or named or list(candidates)
    msg = f'{len(chosen)} tasks match "{text}"; ask which task is meant.'
    shown = [{"number": task.number, "title": task.title} for task in chosen[:MAX_CANDIDATES]]
    raise UnresolvedReferenceError("ambiguous-task", msg, candidates=shown)


def find_list(lists: ListPage, name: str) -> TaskList:
    """Return the list with this name or ID; ignores case and a trailing "list".

    Raises:
        UnresolvedReferenceError: there is no such list.
    """
    wanted = fold(name)
    for candidate in lists.items:
        if candidate.id == name or fold(candidate.name) == wanted:
            return candidate
    shortened = wanted.removesuffix(" list")
    for candidate in lists.items:
        if fold(candidate.name).removesuffix(" list") == shortened:
            return candidate
    msg = f'There is no list named "{name}".'
    raise UnresolvedReferenceError(
        "list-not-found", msg, lists=[task_list.name for task_list in lists.items]
    )


def fold(text: str) -> str:
    """Fold case and white space, so that names which read the same are equal."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())

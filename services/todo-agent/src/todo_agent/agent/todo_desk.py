"""What one tool call works with: the tasks service, its place in the run, the person's zone."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from todo_agent.agent.instructions import zone
from todo_agent.agent.references import UnclearReferenceError, find_list, find_task
from todo_agent.agent.run_context import RunContext
from todo_agent.agent.run_scope import ToolCallScope
from todo_agent.agent.tasks_client import Caller, ListPage, ListView, TasksClient, TaskView
from todochat.http_client import UpstreamProblemError

TASKS_CHANGED: Final = "tasks.changed"  # the client effect after each change


class Desk:
    """One tool call's view of the tasks service."""

    def __init__(self, tasks: TasksClient, run: RunContext, call: ToolCallScope) -> None:
        self.tasks = tasks
        self.zone: ZoneInfo = zone(run.request_context.timezone)
        self.caller = Caller(
            user_id=run.user_id,
            run_id=run.scope.run_id,
            attempt=run.scope.attempt,
            key=call.idempotency_key,
        )
        self.is_alone = call.is_alone
        self._call = call
        self._lists: ListPage | None = None

    async def lists(self) -> ListPage:
        """Return the person's lists, read once a call."""
        if self._lists is None:
            self._lists = await self.tasks.read(self.caller, "/lists", ListPage)
        return self._lists

    async def list_names(self) -> dict[str, str]:
        """Return names by list id."""
        return {entry.id: entry.name for entry in (await self.lists()).items}

    async def list_for(self, name: str) -> str:
        """Return the id of the list of that name, which is made if there is none.

        The same one in every attempt at the run: a list that is renamed meanwhile would give the
        repeated change another body, and so no answer.
        """

        async def decide() -> bytes:
            try:
                found = find_list(await self.lists(), name)
            except UnclearReferenceError:
                found = await self.make_list(name)
            return msgspec.json.encode(found.id)

        return msgspec.json.decode(await self._call.once("list", decide), type=str)

    async def make_list(self, name: str) -> ListView:
        """Make a list; one of that name that came into being meanwhile will do.

        Parallel calls ("milk, eggs and bread to my shopping list") all find it missing.
        """
        try:
            body = await self.tasks.change(
                self.caller, "POST", "/lists", {"name": name}, part="list"
            )
        except UpstreamProblemError as problem:
            list_id = problem.extensions.get("list_id")
            if problem.code != "list-exists" or list_id is None:
                raise
            made = await self.tasks.read(self.caller, f"/lists/{list_id}", ListView)
        else:
            made = msgspec.json.decode(body, type=ListView)
        self._lists = None
        return made

    async def target(self, reference: str | int, statuses: Sequence[str]) -> TaskView:
        """Return the task that is meant, as it was; the same one in every attempt at the run."""

        async def decide() -> bytes:
            return msgspec.json.encode(
                await find_task(self.tasks, self.caller, reference, statuses)
            )

        return msgspec.json.decode(await self._call.once("target", decide), type=TaskView)

    async def targets(
        self, references: Sequence[str | int], statuses: Sequence[str]
    ) -> list[TaskView]:
        """Return the tasks that are meant, each once; the same ones in every attempt at the run."""

        async def decide() -> bytes:
            found = [
                await find_task(self.tasks, self.caller, reference, statuses)
                for reference in references
            ]
            return msgspec.json.encode(list({task.id: task for task in found}.values()))

        return msgspec.json.decode(await self._call.once("targets", decide), type=list[TaskView])

    async def target_list(self, name: str) -> ListView:
        """Return the list that is meant, as it was; the same one in every attempt at the run."""

        async def decide() -> bytes:
            return msgspec.json.encode(find_list(await self.lists(), name))

        return msgspec.json.decode(await self._call.once("target", decide), type=ListView)

    async def change(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """Make the call's change; returns the answer's body."""
        return await self.tasks.change(self.caller, method, path, body, params=params)

    async def change_task(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> TaskView:
        """Make the call's change, one to a task, and return the task."""
        return msgspec.json.decode(await self.change(method, path, body), type=TaskView)

    async def describe(self, task: TaskView) -> dict[str, Any]:
        """Return a task as the model gets it."""
        return summary(task, await self.list_names())


def summary(task: TaskView, list_names: Mapping[str, str]) -> dict[str, Any]:
    """Return a task as the model gets it: compact, its list by name."""
    return {
        "number": task.number,
        "id": task.id,
        "title": task.title,
        "list": list_names.get(task.list_id),
        "priority": task.priority,
        "due": task.due,
        "tags": task.tags,
        "completed": task.completed_at is not None,
        **({"notes": task.notes} if task.notes else {}),
    }

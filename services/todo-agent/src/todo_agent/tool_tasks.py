"""What one tool call works with: the tasks service, its place in the run, the person's zone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from durable_chatkit.agent.run_context import RunContext
from durable_chatkit.agent.run_scope import ToolCallScope
from todo_agent.instructions import zone
from todo_agent.references import UnclearReferenceError, find_list, find_task
from todo_agent.tasks_client import Caller, TasksClient
from todochat.contracts.tasks import ListPage, Task, TaskList
from todochat.http.client import UpstreamProblemError

TASKS_CHANGED: Final = "tasks.changed"  # the client effect after each change
MAX_UNCONFIRMED: Final = 3  # tasks that one turn may change without the person's confirmation
UNRECORDED: Final = datetime.fromtimestamp(0, UTC)
CONFIRMATION_REQUIRED: Final = "confirmation-required"


class RecordedTask(Task, kw_only=True, frozen=True):
    """A task from a run's journal; earlier versions recorded no `created_at`."""

    created_at: datetime = UNRECORDED


class RecordedList(TaskList, kw_only=True, frozen=True):
    """A list from a run's journal; earlier versions recorded neither time."""

    created_at: datetime = UNRECORDED
    updated_at: datetime = UNRECORDED


class HeldError(Exception):
    """A change was not made: it waits for the person, who gets a card at the end of the turn."""


class ToolTasks:
    """One tool call's view of the tasks service.

    Args:
        confirm_above: see `Caller`; enforced by the tasks service, which counts what all runs of
            the turn have changed.
    """

    def __init__(
        self,
        tasks: TasksClient,
        run: RunContext,
        call: ToolCallScope,
        *,
        confirm_above: int | None = MAX_UNCONFIRMED,
    ) -> None:
        self.tasks = tasks
        self.run = run
        self.call = call
        self.zone: ZoneInfo = zone(run.request_context.timezone)
        self.caller = Caller(
            user_id=run.user_id,
            run_id=run.scope.run_id,
            attempt=run.scope.attempt,
            key=call.idempotency_key,
            turn_id=run.turn_id,
            thread_id=run.thread.id,
            confirm_above=confirm_above,
        )
        self.today = run.now.astimezone(self.zone).date()
        self.is_alone = call.is_alone
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

        return msgspec.json.decode(await self.call.once("list", decide), type=str)

    async def make_list(self, name: str) -> TaskList:
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
            made = await self.tasks.read(self.caller, f"/lists/{list_id}", TaskList)
        else:
            made = msgspec.json.decode(body, type=TaskList)
        self._lists = None
        return made

    async def target(self, reference: str | int, statuses: Sequence[str]) -> RecordedTask:
        """Return the task that is meant, as it was; the same one in every attempt at the run."""

        async def decide() -> bytes:
            return msgspec.json.encode(
                await find_task(self.tasks, self.caller, reference, statuses)
            )

        return msgspec.json.decode(await self.call.once("target", decide), type=RecordedTask)

    async def targets(
        self, references: Sequence[str | int], statuses: Sequence[str]
    ) -> list[RecordedTask]:
        """Return the tasks that are meant, each once; the same ones in every attempt at the run."""

        async def decide() -> bytes:
            found = [
                await find_task(self.tasks, self.caller, reference, statuses)
                for reference in references
            ]
            return msgspec.json.encode(list({task.id: task for task in found}.values()))

        return msgspec.json.decode(await self.call.once("targets", decide), type=list[RecordedTask])

    async def target_list(self, name: str) -> RecordedList:
        """Return the list that is meant, as it was; the same one in every attempt at the run."""

        async def decide() -> bytes:
            return msgspec.json.encode(find_list(await self.lists(), name))

        return msgspec.json.decode(await self.call.once("target", decide), type=RecordedList)

    async def change(
        self,
        operation: Mapping[str, Any],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        part: str = "",
        params: Mapping[str, str] | None = None,
    ) -> bytes:
        """Change something that was there before; returns the answer's body.

        Args:
            operation: the same change, in the form in which it can wait for the person.
            part: tells the changes of one call apart.

        Raises:
            HeldError: it is more than the turn may change; it waits now.
        """
        try:
            return await self.tasks.change(
                self.caller, method, path, body, part=part, params=params
            )
        except UpstreamProblemError as problem:
            if problem.code != CONFIRMATION_REQUIRED:
                raise
            raise await self.held([operation], part=part) from problem

    async def held(self, operations: Sequence[Mapping[str, Any]], *, part: str = "") -> HeldError:
        """Have operations wait for the person; returns the error that says so."""
        await self.call.finish_at_end()
        await self.tasks.change(
            self.caller,
            "POST",
            "/changes/pending",
            {"operations": operations},
            part=f"hold:{part}",
        )
        return HeldError()

    async def update(self, task_id: str, body: Mapping[str, Any], *, part: str = "") -> Task:
        """Change fields of a task.

        Raises:
            HeldError: it waits for the person.
        """
        operation = {"type": "update", "task_id": task_id, "changes": body}
        answer = await self.change(operation, "PATCH", f"/tasks/{task_id}", body, part=part)
        return msgspec.json.decode(answer, type=Task)

    async def describe(self, task: Task) -> dict[str, Any]:
        """Return a task as the model gets it."""
        return summary(task, await self.list_names())


def summary(task: Task, list_names: Mapping[str, str]) -> dict[str, Any]:
    """Return a task as the model gets it: compact, its list by name."""
    return {
        "number": task.number,
        "id": task.id,
        "title": task.title,
        "list": list_names.get(task.list_id),
        "priority": task.priority,
        "due": msgspec.to_builtins(task.due),
        "tags": task.tags,
        "completed": task.completed_at is not None,
        **({"notes": task.notes} if task.notes else {}),
    }

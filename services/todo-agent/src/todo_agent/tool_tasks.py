"""A tool call's view of the tasks service: reads, and changes that are made once per run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from durable_chatkit.agent.call_scope import ToolCallScope
from durable_chatkit.agent.run_context import RunContext
from todo_agent.references import UnresolvedReferenceError, find_list, find_task
from todo_agent.tasks_client import TasksClient, ToolCaller
from todo_agent.zones import zone
from todochat.contracts.tasks import ListPage, Task, TaskList
from todochat.http.client import UpstreamProblemError

TASKS_CHANGED: Final = "tasks.changed"  # the client effect after each change
MAX_UNCONFIRMED: Final = 3  # tasks that one turn may change without a confirmation
UNRECORDED: Final = datetime.fromtimestamp(0, UTC)
CONFIRMATION_REQUIRED: Final = "confirmation-required"


class RecordedTask(Task, kw_only=True, frozen=True):
    """A task from a run's journal; earlier versions recorded no `created_at`."""

    created_at: datetime = UNRECORDED


class RecordedList(TaskList, kw_only=True, frozen=True):
    """A list from a run's journal; earlier versions recorded neither time."""

    created_at: datetime = UNRECORDED
    updated_at: datetime = UNRECORDED


class AwaitsConfirmationError(Exception):
    """The change awaits the user's confirmation, on a card at the end of the turn."""


class ToolTasks:
    """One tool call's view of the tasks service.

    Args:
        confirm_above: see `ToolCaller`; enforced by the tasks service, which counts the changes of
            all runs of the turn.
    """

    def __init__(
        self,
        client: TasksClient,
        run: RunContext,
        call: ToolCallScope,
        *,
        confirm_above: int | None = MAX_UNCONFIRMED,
    ) -> None:
        self.client = client
        self.run = run
        self.call = call
        self.zone: ZoneInfo = zone(run.request_context.timezone)
        self.caller = ToolCaller(
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

    async def get_lists(self) -> ListPage:
        """Return the user's lists, read once per call."""
        if self._lists is None:
            self._lists = await self.client.read(self.caller, "/lists", ListPage)
        return self._lists

    async def get_list_names(self) -> dict[str, str]:
        """Return the names of the lists by ID."""
        return {task_list.id: task_list.name for task_list in (await self.get_lists()).items}

    async def get_or_create_list_id(self, name: str) -> str:
        """Return the ID of the list with this name; create the list if there is none.

        Every attempt at the run gets the same ID. Otherwise, if the list is renamed in between, a
        repeated change would have another body, which its idempotency key forbids.
        """

        async def decide() -> bytes:
            try:
                found = find_list(await self.get_lists(), name)
            except UnresolvedReferenceError:
                found = await self.create_list(name)
            return msgspec.json.encode(found.id)

        return msgspec.json.decode(await self.call.once("list", decide), type=str)

    async def create_list(self, name: str) -> TaskList:
        """Create a list, or return the list with this name that was created concurrently.

        Parallel calls ("milk, eggs and bread to my shopping list") all find it missing.
        """
        try:
            body = await self.client.change(
                self.caller, "POST", "/lists", {"name": name}, part="list"
            )
        except UpstreamProblemError as problem:
            list_id = problem.extensions.get("list_id")
            if problem.code != "list-exists" or list_id is None:
                raise
            created = await self.client.read(self.caller, f"/lists/{list_id}", TaskList)
        else:
            created = msgspec.json.decode(body, type=TaskList)
        self._lists = None
        return created

    async def resolve_task(self, reference: str | int, statuses: Sequence[str]) -> RecordedTask:
        """Resolve a task reference; every attempt at the run gets the same task and state."""

        async def resolve() -> bytes:
            return msgspec.json.encode(
                await find_task(self.client, self.caller, reference, statuses)
            )

        return msgspec.json.decode(await self.call.once("target", resolve), type=RecordedTask)

    async def resolve_tasks(
        self, references: Sequence[str | int], statuses: Sequence[str]
    ) -> list[RecordedTask]:
        """Resolve task references and deduplicate the tasks; the same in every attempt."""

        async def resolve() -> bytes:
            found = [
                await find_task(self.client, self.caller, reference, statuses)
                for reference in references
            ]
            return msgspec.json.encode(list({task.id: task for task in found}.values()))

        return msgspec.json.decode(
            await self.call.once("targets", resolve), type=list[RecordedTask]
        )

    async def resolve_list(self, name: str) -> RecordedList:
        """Resolve a list's name; every attempt at the run gets the same list and state."""

        async def resolve() -> bytes:
            return msgspec.json.encode(find_list(await self.get_lists(), name))

        return msgspec.json.decode(await self.call.once("target", resolve), type=RecordedList)

    async def change_existing(
        self,
        operation: Mapping[str, Any],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        part: str = "",
    ) -> bytes:
        """Change an existing task; return the response's body.

        Args:
            operation: the same change, as an operation of a pending change.
            part: distinguishes the changes of one call.

        Raises:
            AwaitsConfirmationError: it exceeds what the turn may change, and was held.
        """
        try:
            return await self.client.change(self.caller, method, path, body, part=part)
        except UpstreamProblemError as problem:
            if problem.code != CONFIRMATION_REQUIRED:
                raise
            raise await self.hold_operations([operation], part=part) from problem

    async def hold_operations(
        self, operations: Sequence[Mapping[str, Any]], *, part: str = ""
    ) -> AwaitsConfirmationError:
        """Hold operations for the user's confirmation; return the error to raise."""
        await self.call.finish_at_end()
        await self.client.change(
            self.caller,
            "POST",
            "/changes/pending",
            {"operations": operations},
            part=f"hold:{part}",
        )
        return AwaitsConfirmationError()

    async def update_task(self, task_id: str, body: Mapping[str, Any], *, part: str = "") -> Task:
        """Change fields of a task.

        Raises:
            AwaitsConfirmationError: the change was held.
        """
        operation = {"type": "update", "task_id": task_id, "changes": body}
        response = await self.change_existing(
            operation, "PATCH", f"/tasks/{task_id}", body, part=part
        )
        return msgspec.json.decode(response, type=Task)

    async def describe_task(self, task: Task) -> dict[str, Any]:
        """Return a task as the model gets it; see `task_summary`."""
        return task_summary(task, await self.get_list_names())


def task_summary(task: Task, list_names: Mapping[str, str]) -> dict[str, Any]:
    """Return a task in a compact form for the model, with its list's name."""
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

"""A tool call's view of the tasks service: reads, and changes that are made once per call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from task_tools.references import UnresolvedReferenceError, find_list, find_task, fold
from task_tools.tasks_client import TasksClient, ToolCaller
from todochat.contracts.task_changes import PendingChange
from todochat.contracts.tasks import ListPage, Section, SectionPage, Task, TaskList
from todochat.http.client import UpstreamProblemError

MAX_UNCONFIRMED: Final = 3  # tasks that one turn may change without a confirmation
UNRECORDED: Final = datetime.fromtimestamp(0, UTC)
LIST_ID_PREFIX: Final = "lst_"
CONFIRMATION_REQUIRED: Final = "confirmation-required"
PENDING_NOT_FOUND: Final = "pending-change-not-found"


class RecordedTask(Task, kw_only=True, frozen=True):
    """A task from a run's journal; earlier versions recorded no `created_at`."""

    created_at: datetime = UNRECORDED


class RecordedList(TaskList, kw_only=True, frozen=True):
    """A list from a run's journal; earlier versions recorded neither time."""

    created_at: datetime = UNRECORDED
    updated_at: datetime = UNRECORDED


class AwaitsConfirmationError(Exception):
    """The change awaits the user's confirmation."""


class ToolHost(Protocol):
    """The executor of a tool call: an attempt at a run, or a single request.

    Attributes:
        caller: sends the call's requests.
        zone, locale: the user's.
        now: the time that the user's words refer to.
    """

    caller: ToolCaller
    zone: ZoneInfo
    locale: str
    now: datetime

    async def once(self, name: str, decide: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return the result of `decide` in the first attempt that reached this point."""

    async def note_held(self) -> None:
        """Note that the call holds operations, which the user has to confirm."""

    async def find_answerable_group(self) -> str | None:
        """Return the group whose pending change the user's message can answer; None without one."""

    def says_yes(self) -> bool:
        """Return whether the user's own words are a plain yes."""

    def says_undo(self) -> bool:
        """Return whether the user's own words only ask to undo."""


class ToolTasks:
    """One tool call's view of the tasks service."""

    def __init__(self, client: TasksClient, host: ToolHost) -> None:
        self.client = client
        self.host = host
        self.caller = host.caller
        self.zone = host.zone
        self.today = host.now.astimezone(host.zone).date()
        self._lists: ListPage | None = None
        self._sections: SectionPage | None = None

    async def get_lists(self) -> ListPage:
        """Return the user's lists, read once per call."""
        if self._lists is None:
            self._lists = await self.client.read(self.caller, "/lists", ListPage)
        return self._lists

    async def get_list_names(self) -> dict[str, str]:
        """Return the names of the lists by ID."""
        return {task_list.id: task_list.name for task_list in (await self.get_lists()).items}

    async def get_sections(self) -> Sequence[Section]:
        """Return the sections of all lists, also of archived ones, read once per call."""
        if self._sections is None:
            params = {"include_archived": "true"}
            self._sections = await self.client.read(self.caller, "/sections", SectionPage, params)
        return self._sections.items

    async def get_or_create_list_id(self, name: str) -> str:
        """Return the ID of the list with this name; create the list if there is none.

        Every attempt at the run gets the same ID. Otherwise, if the list is renamed in between, a
        repeated change would have another body, which its idempotency key forbids.
        """

        async def decide() -> bytes:
            try:
                found = find_list(await self.get_lists(), name)
            except UnresolvedReferenceError:
                if name.startswith(LIST_ID_PREFIX):  # a mentioned list that was deleted
                    raise
                found = await self.create_list(name)
            return msgspec.json.encode(found.id)

        return msgspec.json.decode(await self.host.once("list", decide), type=str)

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

    async def get_or_create_section_id(self, list_id: str, name: str) -> str:
        """Return the ID of a list's section with this name, ignoring case; create a missing one.

        Every attempt at the run gets the same ID.
        """

        async def decide() -> bytes:
            for section in await self.get_sections():
                if section.list_id == list_id and fold(section.name) == fold(name):
                    return msgspec.json.encode(section.id)
            body = {"list_id": list_id, "name": name}
            created = await self.client.change(
                self.caller, "POST", "/sections", body, part=f"section:{list_id}"
            )
            self._sections = None
            return msgspec.json.encode(msgspec.json.decode(created, type=Section).id)

        chosen = await self.host.once(f"section-{list_id}", decide)
        return msgspec.json.decode(chosen, type=str)

    async def resolve_task(
        self, reference: str | int, statuses: Sequence[str], *, name: str = "target"
    ) -> RecordedTask:
        """Resolve a task reference; every attempt at the run gets the same task and state.

        Args:
            name: distinguishes the choices of one call.
        """

        async def resolve() -> bytes:
            return msgspec.json.encode(
                await find_task(self.client, self.caller, reference, statuses)
            )

        return msgspec.json.decode(await self.host.once(name, resolve), type=RecordedTask)

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
            await self.host.once("targets", resolve), type=list[RecordedTask]
        )

    async def resolve_list(self, name: str, *, archived: bool = False) -> RecordedList:
        """Resolve a list's name; every attempt at the run gets the same list and state.

        Args:
            archived: the name may be that of an archived list.
        """

        async def resolve() -> bytes:
            params = {"include_archived": "true"} if archived else None
            lists = await self.client.read(self.caller, "/lists", ListPage, params)
            return msgspec.json.encode(find_list(lists, name))

        return msgspec.json.decode(await self.host.once("target", resolve), type=RecordedList)

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
        await self.host.note_held()
        await self.client.change(
            self.caller,
            "POST",
            "/changes/pending",
            {"operations": operations},
            part=f"hold:{part}",
        )
        return AwaitsConfirmationError()

    async def find_pending(self, group: str) -> PendingChange | None:
        """Return the open pending change of a turn; None without one, or after its answer."""
        try:
            pending = await self.client.read(
                self.caller, "/changes/pending", PendingChange, {"group": group}
            )
        except UpstreamProblemError as problem:
            if problem.code != PENDING_NOT_FOUND:
                raise
            return None
        return pending if pending.status == "open" else None

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
        return (await self.describe_tasks([task]))[0]

    async def describe_tasks(self, tasks: Sequence[Task]) -> list[dict[str, Any]]:
        """Return tasks as the model gets them; see `task_summary`."""
        names = await self.get_list_names()
        if any(task.section_id for task in tasks):
            names |= {section.id: section.name for section in await self.get_sections()}
        return [task_summary(task, names) for task in tasks]


def task_summary(task: Task, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a task in a compact form for the model; rare fields only if they are set.

    Args:
        names: of lists and sections, by ID.
    """
    summary = {
        "number": task.number,
        "id": task.id,
        "title": task.title,
        "list": names.get(task.list_id),
        "priority": task.priority,
        "due": msgspec.to_builtins(task.due),
        "tags": task.tags,
        "completed": task.completed_at is not None,
    }
    rare = {
        "notes": task.notes,
        "section": names.get(task.section_id or ""),
        "start": msgspec.to_builtins(task.start),
        "duration_minutes": task.duration_minutes,
        "repeat": msgspec.to_builtins(task.repeat),
        "reminders": [
            msgspec.to_builtins(each.at) if each.minutes_before is None else each.minutes_before
            for each in task.reminders
        ],
        "pinned": task.pinned,
        "parent": task.parent_id,
        "subtasks": msgspec.to_builtins(task.subtasks) if task.subtasks.total else None,
    }
    return summary | {name: value for name, value in rare.items() if value}

"""What one change of one person does, inside its transaction."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Actor, Change, ChangeType
from tasks_service.domain.grouping import ChangeGroup
from tasks_service.domain.limits import MAX_LISTS, MAX_OPEN_TASKS
from tasks_service.domain.task_list import DEFAULT_LIST_NAME
from tasks_service.domain.text import match_key
from tasks_service.errors import (
    ConfirmationRequiredError,
    ListNotFoundError,
    TooManyListsError,
    TooManyTasksError,
)
from tasks_service.storage.change_repository import ChangeRepository, PendingRepository
from tasks_service.storage.list_repository import ListRepository, list_state, to_list
from tasks_service.storage.outbox_repository import OutboxRepository
from tasks_service.storage.records import CounterRecord, ListRecord
from tasks_service.storage.task_repository import TaskRepository
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import Task, TaskList
from todochat.ids import new_id


class UserWork:
    """One person's tasks and lists, locked against the person's other changes.

    Attributes:
        now: the time of everything this change writes.
        group: what its changes belong to, for the count of changes and an undo.
        has_changes: whether anything is for the outbox.
    """

    def __init__(
        self,
        session: AsyncSession,
        counters: CounterRecord,
        *,
        actor: Actor,
        run_id: str | None,
        now: dt.datetime,
        group: ChangeGroup | None = None,
    ) -> None:
        self.user_id = counters.user_id
        self.session = session
        self.tasks = TaskRepository(session, self.user_id)
        self.lists = ListRepository(session, self.user_id)
        self.changes = ChangeRepository(session, self.user_id)
        self.pending = PendingRepository(session, self.user_id)
        self.now = now
        self.group = group
        self.has_changes = False
        self._recorded: list[tuple[int, Change]] = []
        self._logged: list[dict[str, Any]] = []
        self._outbox = OutboxRepository(session, self.user_id)
        self._counters = counters
        self._actor = actor
        self._run_id = run_id

    def join(self, group_id: str, scope_id: str | None) -> None:
        """Have the following changes belong to a group, without a limit: a person confirmed them."""
        self.group = ChangeGroup(id=group_id, scope_id=scope_id)

    def next_number(self) -> int:
        """Take the next task number; it comes back only if the transaction rolls back."""
        self._counters.last_number += 1
        return self._counters.last_number

    def record(
        self,
        change: ChangeType,
        *,
        task: Task | None = None,
        task_list: TaskList | None = None,
        tasks: ListedTasks | None = None,
        moved_to: str | None = None,
    ) -> None:
        """Keep a change for the outbox; `flush` writes it."""
        self._counters.last_event_seq += 1
        self.has_changes = True
        made = Change(
            type=change,
            actor=self._actor,
            run_id=self._run_id,
            occurred_at=self.now,
            task=task,
            list=task_list,
            tasks=tasks,
            moved_to=moved_to,
        )
        self._recorded.append((self._counters.last_event_seq, made))

    def log(
        self,
        change: ChangeType,
        entity_id: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
        *,
        undoes: int | None = None,
    ) -> None:
        """Keep the change record of one task or list, for `flush` to write.

        Args:
            before: its state before, None if it is new.
            after: its state now; only the fields that differ are kept.
            undoes: the change record that this change takes back.
        """
        differs = [name for name in after if before is None or before[name] != after[name]]
        self._logged.append(
            {
                **self._change_columns(change),
                "user_id": self.user_id,
                "entity_id": entity_id,
                "before": None if before is None else {name: before[name] for name in differs},
                "after": {name: after[name] for name in differs},
                "undoes": undoes,
            }
        )

    async def log_list_tasks(
        self,
        change: ChangeType,
        list_id: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Write the change record of every task of a list; call it before they are changed."""
        await self.flush()
        await self.changes.add_for_list(list_id, self._change_columns(change), before, after)

    async def flush(self) -> None:
        """Write what was recorded and logged so far; the write gate does it at the end."""
        recorded, self._recorded = self._recorded, []
        if recorded:
            await self._outbox.append(recorded)
        logged, self._logged = self._logged, []
        if logged:
            await self.changes.add(logged)

    def _change_columns(self, change: ChangeType) -> dict[str, Any]:
        return {
            "type": change,
            "actor": self._actor,
            "run_id": self._run_id,
            "scope_id": self.group.scope_id if self.group else None,
            "group_id": self.group.id if self.group else None,
            "is_confirmed": self.group is None or self.group.confirm_above is None,
            "occurred_at": self.now,
        }

    async def require_consent(self, *task_ids: str, deletes_list: bool = False) -> None:
        """Make sure that the group of changes may change these tasks, or delete a list.

        Tasks that the run has made itself don't count, and every other one counts once. What the
        person has confirmed doesn't count, and doesn't allow anything else.

        Raises:
            ConfirmationRequiredError: the person has to confirm it.
        """
        if self.group is None or self.group.confirm_above is None:
            return
        if deletes_list:
            raise ConfirmationRequiredError
        touched = await self.changes.touched_by(self.group.id)
        made = await self.changes.made_by(self.group.id, self._run_id)
        if len((touched | set(task_ids)) - made) > self.group.confirm_above:
            raise ConfirmationRequiredError

    async def resolve_list(self, list_id: str | None) -> str:
        """Return the id of a list of the person, of the default one for None.

        Raises:
            ListNotFoundError: the person has no such list.
        """
        if list_id is None:
            return (await self.default_list()).id
        found = await self.lists.find(list_id)
        if found is None:
            raise ListNotFoundError
        return found.id

    async def default_list(self) -> ListRecord:
        """Return the default list, made now if this is the person's first use."""
        found = await self.lists.find_default()
        return found or await self.add_list(DEFAULT_LIST_NAME, is_default=True)

    async def add_list(self, name: str, *, is_default: bool = False) -> ListRecord:
        """Store a new list.

        Raises:
            TooManyListsError: the person has as many as they may.
        """
        if await self.lists.count_all() >= MAX_LISTS:
            raise TooManyListsError(MAX_LISTS)
        record = ListRecord(
            id=new_id("lst"),
            user_id=self.user_id,
            name=name,
            name_key=match_key(name),
            is_default=is_default,
            created_at=self.now,
            updated_at=self.now,
        )
        await self.lists.add(record)
        if not is_default:  # nobody decided on that one, so nobody can undo it
            self.log("list.created.v1", record.id, None, list_state(record))
        self.record("list.created.v1", task_list=to_list(record, open_tasks=0))
        return record

    async def require_room(self) -> None:
        """Make sure that one more task may be open.

        Raises:
            TooManyTasksError: it may not.
        """
        if await self.tasks.count_open(at_most=MAX_OPEN_TASKS) >= MAX_OPEN_TASKS:
            raise TooManyTasksError(MAX_OPEN_TASKS)

"""What one change of one person does, inside its transaction."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import Actor, Change, ChangeType, ListedTasks
from tasks_service.domain.limits import MAX_LISTS, MAX_OPEN_TASKS
from tasks_service.domain.task import Task
from tasks_service.domain.task_list import DEFAULT_LIST_NAME, TaskList
from tasks_service.domain.text import match_key
from tasks_service.errors import ListNotFoundError, TooManyListsError, TooManyTasksError
from tasks_service.storage.list_repository import ListRepository, to_list
from tasks_service.storage.outbox_repository import OutboxRepository
from tasks_service.storage.records import CounterRecord, ListRecord
from tasks_service.storage.task_repository import TaskRepository
from todochat.ids import new_id


class UserWork:
    """One person's tasks and lists, locked against the person's other changes.

    Attributes:
        now: the time of everything this change writes.
        has_changes: whether anything was written to the outbox.
    """

    def __init__(
        self,
        session: AsyncSession,
        counters: CounterRecord,
        *,
        actor: Actor,
        run_id: str | None,
        now: dt.datetime,
    ) -> None:
        self.user_id = counters.user_id
        self.tasks = TaskRepository(session, self.user_id)
        self.lists = ListRepository(session, self.user_id)
        self.now = now
        self.has_changes = False
        self._outbox = OutboxRepository(session, self.user_id)
        self._counters = counters
        self._actor = actor
        self._run_id = run_id

    def next_number(self) -> int:
        """Take the next task number; it comes back only if the transaction rolls back."""
        self._counters.last_number += 1
        return self._counters.last_number

    async def record(
        self,
        change: ChangeType,
        *,
        task: Task | None = None,
        task_list: TaskList | None = None,
        tasks: ListedTasks | None = None,
        moved_to: str | None = None,
    ) -> None:
        """Write a change to the outbox."""
        self._counters.last_event_seq += 1
        self.has_changes = True
        await self._outbox.append(
            self._counters.last_event_seq,
            Change(
                type=change,
                actor=self._actor,
                run_id=self._run_id,
                occurred_at=self.now,
                task=task,
                list=task_list,
                tasks=tasks,
                moved_to=moved_to,
            ),
        )

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
        await self.record("list.created.v1", task_list=to_list(record, open_tasks=0))
        return record

    async def require_room(self) -> None:
        """Make sure that one more task may be open.

        Raises:
            TooManyTasksError: it may not.
        """
        if await self.tasks.count_open(at_most=MAX_OPEN_TASKS) >= MAX_OPEN_TASKS:
            raise TooManyTasksError(MAX_OPEN_TASKS)

"""The use cases of tasks."""

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from tasks_service.domain.change import ChangeType
from tasks_service.domain.cursor import Position, encode_cursor, parse_cursor, question_digest
from tasks_service.domain.query import TaskFilter, TaskOrder
from tasks_service.domain.task import PRIORITIES, Task, TaskChanges, TaskDraft
from tasks_service.errors import ListNotFoundError, TaskNotFoundError
from tasks_service.service.user_work import UserWork
from tasks_service.service.write_gate import WriteGate, WriteRequest, Written
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import TaskRepository, set_due, set_text, to_task
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.ids import new_id


class TaskPage(msgspec.Struct, frozen=True):
    """A page of tasks."""

    items: list[Task]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]


class TaskService:
    """Reads and changes the tasks of one person at a time."""

    def __init__(
        self, database: Database, gate: WriteGate, *, clock: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self._database = database
        self._gate = gate
        self._clock = clock

    async def get(self, user_id: str, ref: str) -> Task:
        """Return the task with this id or number.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await TaskRepository(session, user_id).find(ref)
            if record is None:
                raise TaskNotFoundError
            return to_task(record)

    async def page(
        self,
        user_id: str,
        filters: TaskFilter,
        order: TaskOrder,
        *,
        cursor: str | None,
        limit: int,
    ) -> TaskPage:
        """Return the tasks that follow the cursor.

        Raises:
            InvalidInputError: the cursor is none of this listing.
            ListNotFoundError: the filter names a list that the person doesn't have.
        """
        after = parse_cursor(cursor, filters, order) if cursor else None
        async with open_transaction(self._database, user_id) as session:
            if filters.list_id is not None:
                await _require_list(ListRepository(session, user_id), filters.list_id)
            records = await TaskRepository(session, user_id).page(
                filters, order, after=after, limit=limit + 1, now=self._clock()
            )
        page = records[:limit]
        has_more = len(records) > limit
        return TaskPage(
            items=[to_task(record) for record in page],
            next_cursor=_cursor(page[-1], filters, order) if has_more else None,
        )

    async def create(self, request: WriteRequest, draft: TaskDraft) -> Written:
        """Store a new task.

        Raises:
            ListNotFoundError: the person has no such list.
            TooManyTasksError: the person has as many open tasks as they may.
        """

        async def change(work: UserWork) -> Task:
            await work.require_room()
            list_id = await work.resolve_list(draft.list_id)
            record = _new_record(work, draft, list_id)
            await work.tasks.add(record)
            task = to_task(record)
            await work.record("task.created.v1", task=task)
            return task

        return await self._gate.run(request, HTTPStatus.CREATED, change)

    async def update(self, request: WriteRequest, ref: str, changes: TaskChanges) -> Written:
        """Change fields of a task; fields that already are so change nothing.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
            ListNotFoundError: the person has no such list.
            TooManyTasksError: it is to be open again, and as many are as may be.
        """

        async def change(work: UserWork) -> Task:
            record = await _find(work, ref)
            before = to_task(record)
            await _apply(work, record, changes)
            if to_task(record) == before:
                return before
            record.updated_at = work.now
            task = to_task(record)
            await work.record(_kind_of_update(before, task), task=task)
            return task

        return await self._gate.run(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, ref: str) -> Written:
        """Delete a task so that it can be restored for some time.

        Raises:
            TaskNotFoundError: there is none, or it is deleted already.
        """

        async def change(work: UserWork) -> None:
            record = await _find(work, ref)
            record.deleted_at = record.updated_at = work.now
            await work.record("task.deleted.v1", task=to_task(record))

        return await self._gate.run(request, HTTPStatus.NO_CONTENT, change)

    async def restore(self, request: WriteRequest, ref: str) -> Written:
        """Bring a deleted task back, into the default list if its own list is gone.

        Raises:
            TaskNotFoundError: there is none, or it has been purged.
            TooManyTasksError: it is open, and as many are as may be.
        """

        async def change(work: UserWork) -> Task:
            record = await work.tasks.find(ref, deleted_too=True)
            if record is None:
                raise TaskNotFoundError
            if record.deleted_at is None:
                return to_task(record)
            if record.completed_at is None:
                await work.require_room()
            if await work.lists.find(record.list_id) is None:
                record.list_id = await work.resolve_list(None)
            record.deleted_at = None
            record.updated_at = work.now
            task = to_task(record)
            await work.record("task.restored.v1", task=task)
            return task

        return await self._gate.run(request, HTTPStatus.OK, change)


async def _find(work: UserWork, ref: str) -> TaskRecord:
    record = await work.tasks.find(ref)
    if record is None:
        raise TaskNotFoundError
    return record


async def _require_list(lists: ListRepository, list_id: str) -> None:
    if await lists.find(list_id) is None:
        raise ListNotFoundError


def _new_record(work: UserWork, draft: TaskDraft, list_id: str) -> TaskRecord:
    record = TaskRecord(
        id=new_id("tsk"),
        user_id=work.user_id,
        number=work.next_number(),
        list_id=list_id,
        priority=PRIORITIES.index(draft.priority),
        completed_at=None,
        deleted_at=None,
        created_at=work.now,
        updated_at=work.now,
    )
    set_text(record, title=draft.title, notes=draft.notes, tags=draft.tags)
    set_due(record, draft.due)
    return record


async def _apply(work: UserWork, record: TaskRecord, changes: TaskChanges) -> None:
    set_text(
        record,
        title=record.title if changes.title is UNSET else changes.title,
        notes=record.notes if changes.notes is UNSET else changes.notes,
        tags=record.tags if changes.tags is UNSET else changes.tags,
    )
    if changes.due is not UNSET:
        set_due(record, changes.due)
    if changes.priority is not UNSET:
        record.priority = PRIORITIES.index(changes.priority)
    if changes.list_id is not UNSET:
        record.list_id = await work.resolve_list(changes.list_id)
    if changes.is_completed is not UNSET:
        await _set_completed(work, record, is_completed=changes.is_completed)


async def _set_completed(work: UserWork, record: TaskRecord, *, is_completed: bool) -> None:
    if is_completed and record.completed_at is None:
        record.completed_at = work.now
    elif not is_completed and record.completed_at is not None:
        await work.require_room()
        record.completed_at = None


def _kind_of_update(before: Task, after: Task) -> ChangeType:
    if (before.completed_at is None) == (after.completed_at is None):
        return "task.updated.v1"
    return "task.reopened.v1" if after.completed_at is None else "task.completed.v1"


def _cursor(last: TaskRecord, filters: TaskFilter, order: TaskOrder) -> str:
    return encode_cursor(
        Position(
            question=question_digest(filters, order),
            number=last.number,
            due=last.due_deadline if order.sort == "due" else None,
            priority=last.priority if order.sort == "priority" else None,
            title=last.title_key if order.sort == "title" else None,
        )
    )

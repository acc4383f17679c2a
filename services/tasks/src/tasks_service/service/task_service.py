"""The use cases of tasks."""

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus

from tasks_service.domain.cursor import Position, encode_cursor, parse_cursor, question_digest
from tasks_service.domain.query import TaskFilter, TaskOrder
from tasks_service.domain.task import TaskDraft
from tasks_service.errors import ListNotFoundError, TaskNotFoundError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.task_changes import (
    create_task,
    delete_task,
    restore_task,
    update_task,
)
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import TaskRepository, to_task
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.contracts.task_changes import TaskChanges
from todochat.contracts.tasks import Task, TaskPage
from todochat.database import Database


class TaskService:
    """Reads and changes the tasks of one person at a time."""

    def __init__(
        self,
        database: Database,
        gate: IdempotentWriter,
        *,
        clock: Callable[[], dt.datetime] = utc_now,
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
            return await create_task(work, draft)

        return await self._gate.run(request, HTTPStatus.CREATED, change)

    async def update(self, request: WriteRequest, ref: str, changes: TaskChanges) -> Written:
        """Change fields of a task; fields that already are so change nothing.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
            ListNotFoundError: the person has no such list.
            TooManyTasksError: it is to be open again, and as many are as may be.
            ConfirmationRequiredError: see `UserWork.require_consent`; of `delete` and `restore`, too.
        """

        async def change(work: UserWork) -> Task:
            return await update_task(work, await _find(work, ref), changes)

        return await self._gate.run(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, ref: str) -> Written:
        """Delete a task so that it can be restored for some time.

        Raises:
            TaskNotFoundError: there is none, or it is deleted already.
        """

        async def change(work: UserWork) -> None:
            await delete_task(work, await _find(work, ref))

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
            return await restore_task(work, record)

        return await self._gate.run(request, HTTPStatus.OK, change)


async def _find(work: UserWork, ref: str) -> TaskRecord:
    record = await work.tasks.find(ref)
    if record is None:
        raise TaskNotFoundError
    return record


async def _require_list(lists: ListRepository, list_id: str) -> None:
    if await lists.find(list_id) is None:
        raise ListNotFoundError


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

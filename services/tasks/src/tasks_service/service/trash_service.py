"""Use cases of the trash."""

import datetime as dt
from http import HTTPStatus

from tasks_service.domain.text import has_nul
from tasks_service.domain.trash import (
    PURGED_AT,
    TrashPosition,
    encode_trash_cursor,
    parse_trash_cursor,
)
from tasks_service.errors import NotInTrashError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.task_changes import restore_task
from tasks_service.service.trash_changes import purge, restore_list
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import to_list
from tasks_service.storage.records import ListRecord, TaskRecord
from tasks_service.storage.task_repository import to_task
from tasks_service.storage.transaction import open_transaction
from tasks_service.storage.trash_repository import TrashRepository
from todochat.contracts.task_history import TrashedList, TrashedTask, TrashPage
from todochat.contracts.tasks import Task, TaskList
from todochat.database import Database


class TrashService:
    """Reads, restores and empties the trash.

    Args:
        keep_days: after so many days the purge deletes for good.
    """

    def __init__(self, database: Database, writer: IdempotentWriter, *, keep_days: int) -> None:
        self._database = database
        self._writer = writer
        self._keep = dt.timedelta(days=keep_days)

    async def page(self, user_id: str, *, cursor: str | None, limit: int) -> TrashPage:
        """Return the page of deleted tasks and lists after the cursor, the last deleted first.

        Raises:
            InvalidInputError: the cursor is malformed.
        """
        after = parse_trash_cursor(cursor) if cursor else None
        async with open_transaction(self._database, user_id) as session:
            trash = TrashRepository(session, user_id)
            found = await trash.find_page(after=after, limit=limit + 1)
            lists = [each for each in found if isinstance(each, ListRecord)]
            counts = await trash.count_deleted_with(lists)
        items = [self._to_entry(each, counts.get(each.id, 0)) for each in found[:limit]]
        if len(found) <= limit:
            return TrashPage(items, next_cursor=None)
        position = TrashPosition(items[-1].deleted_at, found[limit - 1].id)
        return TrashPage(items, next_cursor=encode_trash_cursor(position))

    async def restore(self, request: WriteRequest, item_id: str) -> Written:
        """Restore a task, or a list with the tasks that were deleted together with it.

        Raises:
            NotInTrashError: it isn't deleted, or was purged.
            ListExistsError: the list's name is in use.
            TooManyListsError, TooManyTasksError, ConfirmationRequiredError: see `restore_list`.
        """

        async def change(work: UserWork) -> Task | TaskList:
            record = await find_in_trash(work, item_id)
            if isinstance(record, TaskRecord):
                return await restore_task(work, record)
            return await restore_list(work, record)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def purge(self, request: WriteRequest, item_id: str | None) -> Written:
        """Delete a task or list for good; None empties the trash.

        Raises:
            NotInTrashError: it isn't deleted, or was purged.
            ConfirmationRequiredError: see `purge`.
        """

        async def change(work: UserWork) -> None:
            if item_id is None:
                trash = TrashRepository(work.session, work.user_id)
                await purge(work, await trash.find_tasks(), await trash.find_lists())
                return
            record = await find_in_trash(work, item_id)
            if isinstance(record, TaskRecord):
                await purge(work, [record], [])
            else:
                await purge(work, [], [record])

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)

    def _to_entry(self, record: TaskRecord | ListRecord, tasks: int) -> TrashedTask | TrashedList:
        deleted_at = record.deleted_at or PURGED_AT  # it is set: the record is deleted
        purged_at = deleted_at + self._keep
        if isinstance(record, TaskRecord):
            task = to_task(record)
            return TrashedTask(task=task, deleted_at=deleted_at, purged_at=purged_at)
        return TrashedList(
            list=to_list(record, open_tasks=0),
            tasks=tasks,
            deleted_at=deleted_at,
            purged_at=purged_at,
        )


async def find_in_trash(work: UserWork, item_id: str) -> TaskRecord | ListRecord:
    """Return the deleted task or list with this ID.

    Raises:
        NotInTrashError: there is none.
    """
    trash = TrashRepository(work.session, work.user_id)
    ids = [] if has_nul(item_id) else [item_id]
    found: list[TaskRecord | ListRecord] = []
    found += await trash.find_tasks(ids)
    found += await trash.find_lists(ids)
    if not found:
        raise NotInTrashError
    return found[0]

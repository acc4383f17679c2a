"""Use cases of tasks."""

from http import HTTPStatus

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.cursor import Position, encode_cursor, parse_cursor, query_digest
from tasks_service.domain.filter_dates import FilterClock
from tasks_service.domain.query import Status, TaskFilter, TaskOrder
from tasks_service.domain.task import TaskDraft
from tasks_service.errors import ListNotFoundError, SectionNotFoundError, TaskNotFoundError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.series_changes import skip_instance
from tasks_service.service.task_changes import (
    create_task,
    delete_task,
    restore_task,
    update_task,
)
from tasks_service.service.user_work import UserWork
from tasks_service.storage.filter_compiler import compile_filter
from tasks_service.storage.list_repository import ListRepository, in_shown_list
from tasks_service.storage.search_repository import SearchRepository
from tasks_service.storage.section_repository import SectionRepository
from tasks_service.storage.task_repository import (
    PageRow,
    TaskRepository,
    task_position,
    to_task,
)
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.contracts.task_changes import TaskChanges
from todochat.contracts.tasks import Task, TaskPage
from todochat.database import Database


class TaskService:
    """Reads and changes a user's tasks."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def get(self, user_id: str, ref: str) -> Task:
        """Return the task with this ID or number.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
        """
        async with open_transaction(self._database, user_id) as session:
            row = await TaskRepository(session, user_id).find_row(ref)
        if row is None:
            raise TaskNotFoundError
        return to_task(row)

    async def page(
        self,
        user_id: str,
        filters: TaskFilter,
        order: TaskOrder,
        *,
        cursor: str | None,
        limit: int,
    ) -> TaskPage:
        """Return the page of tasks after the cursor.

        Raises:
            InvalidInputError: the cursor belongs to another listing, or is malformed.
            ListNotFoundError, SectionNotFoundError, TaskNotFoundError: the user has no list,
                section or parent with the ID in the filter.
            InvalidFilterError: the user has no list with a name in the filter's expression.
        """
        after = parse_cursor(cursor, filters, order) if cursor else None
        clock = FilterClock(utc_now(), filters.timezone)
        async with open_transaction(self._database, user_id, is_snapshot=True) as session:
            await check_filtered_groups(session, user_id, filters)
            matching = None if filters.include_archived else in_shown_list(user_id)
            if filters.expression is not None:
                matching = await compile_filter(
                    session,
                    user_id,
                    filters.expression,
                    clock,
                    ignores_unknown_lists=filters.ignores_unknown_lists,
                    hidden_lists=() if filters.include_archived else None,
                )
            search = None
            found: list[PageRow] = []
            for status in _statuses(filters, order, after):
                if filters.search.words:
                    search = await SearchRepository(session, user_id).bind(filters.search, status)
                found += await TaskRepository(session, user_id).find_page(
                    msgspec.structs.replace(filters, status=status),
                    order,
                    after=after,
                    limit=limit + 1 - len(found),
                    now=clock.now,
                    matching=matching,
                    search_query=None if search is None else search.ranked,
                )
                if len(found) > limit:
                    break
                after = None
        if search is not None and not search.is_complete:
            await self._index(user_id)
            return await self.page(user_id, filters, order, cursor=cursor, limit=limit)
        page = [to_task(row) for row in found[:limit]]
        if len(found) <= limit:
            return TaskPage(page, next_cursor=None)
        position = end_of_page(found[limit - 1], filters, order)
        return TaskPage(page, next_cursor=encode_cursor(position))

    async def _index(self, user_id: str) -> None:
        """Index the tasks that were last written before the index existed, once."""
        is_done = False
        while not is_done:
            async with open_transaction(self._database, user_id) as session:
                is_done = await SearchRepository(session, user_id).index_batch()

    async def create(self, request: WriteRequest, draft: TaskDraft) -> Written:
        """Create a task.

        Raises:
            ListNotFoundError: the user has no such list.
            TooManyTasksError: the user has 10,000 open tasks.
            TurnLimitError: see `UserWork.check_added_tasks`.
        """

        async def change(work: UserWork) -> Task:
            await work.check_added_tasks()
            return await create_task(work, draft)

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def update(self, request: WriteRequest, ref: str, changes: TaskChanges) -> Written:
        """Change fields of a task; a no-op for fields that have these values.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
            ListNotFoundError: the user has no such list.
            TooManyTasksError: it would be reopened, and the user has 10,000 open tasks.
            ConfirmationRequiredError: see `UserWork.check_change_limit`; the same for `delete` and
                `restore`.
        """

        async def change(work: UserWork) -> Task:
            return await update_task(work, await work.get_task(ref), changes)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def skip(self, request: WriteRequest, ref: str, *, missed: bool) -> Written:
        """Move a repeating task to its next date.

        Args:
            missed: also skip all dates that have passed.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
            NotRepeatingError: it doesn't repeat, or is completed.
            SeriesEndedError: it is the last one of its series.
        """

        async def change(work: UserWork) -> Task:
            return await skip_instance(work, await work.get_task(ref), missed=missed)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, ref: str) -> Written:
        """Delete a task; it can be restored until it is purged.

        Raises:
            TaskNotFoundError: there is none, or it is deleted.
        """

        async def change(work: UserWork) -> None:
            await delete_task(work, await work.get_task(ref))

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)

    async def restore(self, request: WriteRequest, ref: str) -> Written:
        """Restore a deleted task; into the default list if its own list is deleted.

        Raises:
            TaskNotFoundError: there is none, or it has been purged.
            TooManyTasksError: it is open, and the user has 10,000 open tasks.
        """

        async def change(work: UserWork) -> Task:
            return await restore_task(work, await work.get_task(ref, include_deleted=True))

        return await self._writer.write(request, HTTPStatus.OK, change)


def _statuses(filters: TaskFilter, order: TaskOrder, after: Position | None) -> list[Status]:
    """Return the parts of a listing by status, from the position `after` on.

    By relevance, open tasks come before completed ones: their number has a limit, so that a common
    word rarely has all its matches ranked.
    """
    if filters.status != "all" or order.sort != "relevance":
        return [filters.status]
    return ["completed"] if after is not None and after.is_completed else ["open", "completed"]


def end_of_page(last: PageRow, filters: TaskFilter, order: TaskOrder) -> Position:
    """Return the position of the last task of a page."""
    return Position(
        query=query_digest(filters, order),
        number=last.number,
        due=last.due_deadline if order.sort == "due" else None,
        start=last.start_moment if order.sort == "start" else None,
        is_pinned=order.is_pinned_first and last.is_pinned,
        priority=last.priority if order.sort == "priority" else None,
        title=last.title_key if order.sort == "title" else None,
        rank=last.rank,
        position=task_position(last) if order.sort == "position" else None,
        is_completed=order.sort == "relevance" and last.completed_at is not None,
        task_id=last.id if order.sort == "relevance" else None,
    )


async def check_filtered_groups(session: AsyncSession, user_id: str, filters: TaskFilter) -> None:
    """Check that the list, section and parent of a filter exist.

    Raises:
        ListNotFoundError, SectionNotFoundError, TaskNotFoundError: one doesn't.
    """
    if filters.list_id is not None:
        lists = ListRepository(session, user_id)
        if await lists.find_by_id(filters.list_id) is None:
            raise ListNotFoundError
    if filters.section_id is not None:
        sections = SectionRepository(session, user_id)
        if await sections.find_by_id(filters.section_id) is None:
            raise SectionNotFoundError
    if filters.parent_id is not None:
        tasks = TaskRepository(session, user_id)
        if await tasks.find_by_ref(filters.parent_id) is None:
            raise TaskNotFoundError

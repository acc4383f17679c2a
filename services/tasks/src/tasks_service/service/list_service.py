"""Use cases of lists."""

from http import HTTPStatus

from msgspec import UNSET

from tasks_service.domain.change import Actor
from tasks_service.domain.task_list import ListChanges
from tasks_service.errors import ListExistsError, ListNotFoundError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.list_changes import delete_list, update_list
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import ListRepository, to_list
from tasks_service.storage.records import ListRecord
from tasks_service.storage.task_repository import TaskRepository
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import Color, Icon, ListPage, TaskList
from todochat.database import Database


class ListService:
    """Reads and changes a user's lists."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def get(self, user_id: str, list_id: str) -> TaskList:
        """Return one list.

        Raises:
            ListNotFoundError: the user has no such list.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await ListRepository(session, user_id).find_by_id(list_id)
            if record is None:
                raise ListNotFoundError
            open_tasks = await TaskRepository(session, user_id).count_open_in_list(record.id)
            return to_list(record, open_tasks=open_tasks)

    async def list_all(
        self, user_id: str, actor: Actor, *, include_archived: bool = False
    ) -> ListPage:
        """Return all lists; create the default list on the user's first use."""
        page = await self._read_all(user_id, include_archived=include_archived)
        if page.items:
            return page

        async def change(work: UserWork) -> None:
            await work.get_or_create_default_list()

        request = WriteRequest(
            user_id=user_id, actor=actor, method="GET", route="lists", fingerprint=""
        )
        await self._writer.write(request, HTTPStatus.NO_CONTENT, change)
        return await self._read_all(user_id, include_archived=include_archived)

    async def create(
        self,
        request: WriteRequest,
        name: str,
        *,
        color: Color | None = None,
        icon: Icon | None = None,
    ) -> Written:
        """Create a list.

        Raises:
            ListExistsError: the user has a list with this name.
            TooManyListsError: the user has 200 lists.
            TurnLimitError: see `UserWork.check_added_lists`.
        """

        async def change(work: UserWork) -> TaskList:
            await work.get_or_create_default_list()
            await _check_name_is_free(work, name)
            await work.check_added_lists()
            record = await work.create_list(name, color=color, icon=icon)
            return to_list(record, open_tasks=0)

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def update(self, request: WriteRequest, list_id: str, changes: ListChanges) -> Written:
        """Change a list; a no-op for fields that have these values.

        Raises:
            ListNotFoundError: the user has no such list.
            ListExistsError: the user has another list with this name.
            DefaultListError: it is the default list, which can't be archived.
            InvalidInputError: it can't be moved there.
            TurnLimitError: see `UserWork.check_changed_lists`.
        """

        async def change(work: UserWork) -> TaskList:
            record = await work.get_list(list_id)
            await work.check_changed_lists(record.id)
            if changes.name is not UNSET:
                await _check_name_is_free(work, changes.name, owner=record)
            return await update_list(work, record, changes)

        return await self._writer.write(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, list_id: str, tasks: ListedTasks) -> Written:
        """Delete a list; its tasks move to the default list, or are deleted and can be restored.

        Raises:
            ListNotFoundError: the user has no such list.
            DefaultListError: it is the default list.
            ConfirmationRequiredError: see `UserWork.check_change_limit`.
        """

        async def change(work: UserWork) -> None:
            await delete_list(work, await work.get_list(list_id), tasks)

        return await self._writer.write(request, HTTPStatus.NO_CONTENT, change)

    async def _read_all(self, user_id: str, *, include_archived: bool) -> ListPage:
        async with open_transaction(self._database, user_id) as session:
            lists = ListRepository(session, user_id)
            records = await lists.find_all(include_archived=include_archived)
            counts = await TaskRepository(session, user_id).count_open_by_list()
        return ListPage(
            [to_list(record, open_tasks=counts.get(record.id, 0)) for record in records]
        )


async def _check_name_is_free(
    work: UserWork, name: str, *, owner: ListRecord | None = None
) -> None:
    existing = await work.lists.find_by_name(name)
    if existing is not None and existing is not owner:
        raise ListExistsError(existing.name, existing.id)

"""Use cases of lists."""

from http import HTTPStatus

from tasks_service.domain.change import Actor
from tasks_service.domain.text import match_key
from tasks_service.errors import ListExistsError, ListNotFoundError
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.list_changes import delete_list
from tasks_service.service.user_work import UserWork
from tasks_service.storage.list_repository import ListRepository, list_state, to_list
from tasks_service.storage.records import ListRecord
from tasks_service.storage.task_repository import TaskRepository
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import ListPage, TaskList
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

    async def list_all(self, user_id: str, actor: Actor) -> ListPage:
        """Return all lists; create the default list on the user's first use."""
        page = await self._read_all(user_id)
        if page.items:
            return page

        async def change(work: UserWork) -> None:
            await work.get_or_create_default_list()

        request = WriteRequest(
            user_id=user_id, actor=actor, method="GET", route="lists", fingerprint=""
        )
        await self._writer.write(request, HTTPStatus.NO_CONTENT, change)
        return await self._read_all(user_id)

    async def create(self, request: WriteRequest, name: str) -> Written:
        """Create a list.

        Raises:
            ListExistsError: the user has a list with this name.
            TooManyListsError: the user has 200 lists.
        """

        async def change(work: UserWork) -> TaskList:
            await work.get_or_create_default_list()
            await _check_name_is_free(work, name)
            return to_list(await work.create_list(name), open_tasks=0)

        return await self._writer.write(request, HTTPStatus.CREATED, change)

    async def rename(self, request: WriteRequest, list_id: str, name: str | None) -> Written:
        """Rename a list; a no-op if `name` is None or its current name.

        Raises:
            ListNotFoundError: the user has no such list.
            ListExistsError: the user has another list with this name.
        """

        async def change(work: UserWork) -> TaskList:
            record = await work.get_list(list_id)
            open_tasks = await work.tasks.count_open_in_list(list_id)
            if name is None or name == record.name:
                return to_list(record, open_tasks=open_tasks)
            await _check_name_is_free(work, name, owner=record)
            state = list_state(record)
            record.name, record.name_key = name, match_key(name)
            record.updated_at = work.now
            work.log_change("list.updated.v1", record.id, state, list_state(record))
            renamed = to_list(record, open_tasks=open_tasks)
            work.publish("list.updated.v1", task_list=renamed)
            return renamed

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

    async def _read_all(self, user_id: str) -> ListPage:
        async with open_transaction(self._database, user_id) as session:
            records = await ListRepository(session, user_id).find_all()
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

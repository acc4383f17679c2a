"""The use cases of lists."""

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
    """Reads and changes the lists of one person at a time."""

    def __init__(self, database: Database, gate: IdempotentWriter) -> None:
        self._database = database
        self._gate = gate

    async def get(self, user_id: str, list_id: str) -> TaskList:
        """Return one list.

        Raises:
            ListNotFoundError: the person has no such list.
        """
        async with open_transaction(self._database, user_id) as session:
            record = await ListRepository(session, user_id).find(list_id)
            if record is None:
                raise ListNotFoundError
            open_tasks = await TaskRepository(session, user_id).count_open_in(record.id)
            return to_list(record, open_tasks=open_tasks)

    async def all(self, user_id: str, actor: Actor) -> ListPage:
        """Return every list; the default one is made if this is the person's first use."""
        page = await self._all(user_id)
        if page.items:
            return page

        async def change(work: UserWork) -> None:
            await work.default_list()

        request = WriteRequest(
            user_id=user_id, actor=actor, method="GET", route="lists", fingerprint=""
        )
        await self._gate.run(request, HTTPStatus.NO_CONTENT, change)
        return await self._all(user_id)

    async def create(self, request: WriteRequest, name: str) -> Written:
        """Store a new list.

        Raises:
            ListExistsError: the person has a list of this name.
            TooManyListsError: the person has as many lists as they may.
        """

        async def change(work: UserWork) -> TaskList:
            await work.default_list()
            await _require_free_name(work, name, but_for=None)
            return to_list(await work.add_list(name), open_tasks=0)

        return await self._gate.run(request, HTTPStatus.CREATED, change)

    async def rename(self, request: WriteRequest, list_id: str, name: str | None) -> Written:
        """Give a list another name; None and the name it has change nothing.

        Raises:
            ListNotFoundError: the person has no such list.
            ListExistsError: the person has another list of this name.
        """

        async def change(work: UserWork) -> TaskList:
            record = await _find(work, list_id)
            open_tasks = await work.tasks.count_open_in(list_id)
            if name is None or name == record.name:
                return to_list(record, open_tasks=open_tasks)
            await _require_free_name(work, name, but_for=record)
            state = list_state(record)
            record.name, record.name_key = name, match_key(name)
            record.updated_at = work.now
            work.log("list.updated.v1", record.id, state, list_state(record))
            renamed = to_list(record, open_tasks=open_tasks)
            work.record("list.updated.v1", task_list=renamed)
            return renamed

        return await self._gate.run(request, HTTPStatus.OK, change)

    async def delete(self, request: WriteRequest, list_id: str, tasks: ListedTasks) -> Written:
        """Delete a list; its tasks move to the default list or are deleted restorably.

        Raises:
            ListNotFoundError: the person has no such list.
            DefaultListError: it is the default list.
            ConfirmationRequiredError: see `UserWork.require_consent`.
        """

        async def change(work: UserWork) -> None:
            record = await _find(work, list_id)
            await delete_list(work, record, tasks)

        return await self._gate.run(request, HTTPStatus.NO_CONTENT, change)

    async def _all(self, user_id: str) -> ListPage:
        async with open_transaction(self._database, user_id) as session:
            records = await ListRepository(session, user_id).all()
            counts = await TaskRepository(session, user_id).count_open_by_list()
        return ListPage(
            [to_list(record, open_tasks=counts.get(record.id, 0)) for record in records]
        )


async def _find(work: UserWork, list_id: str) -> ListRecord:
    record = await work.lists.find(list_id)
    if record is None:
        raise ListNotFoundError
    return record


async def _require_free_name(work: UserWork, name: str, *, but_for: ListRecord | None) -> None:
    holder = await work.lists.find_named(name)
    if holder is not None and holder is not but_for:
        raise ListExistsError(holder.name, holder.id)

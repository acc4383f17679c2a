"""Use cases of the history: which changes were made, by whom, and whether they were undone."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.grouping import ChangeFilter
from tasks_service.errors import ListNotFoundError, TaskNotFoundError
from tasks_service.service.entity_kinds import KINDS, kind_of
from tasks_service.storage.change_repository import ChangeRepository
from tasks_service.storage.list_repository import ListRepository
from tasks_service.storage.records import ChangeRecord
from tasks_service.storage.task_repository import TaskRepository
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.task_history import ChangeEntry, ChangePage
from todochat.database import Database


class HistoryService:
    """Reads the history of a user, of a task or of a list, newest change first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        user_id: str,
        filters: ChangeFilter,
        *,
        task_ref: str | None = None,
        list_id: str | None = None,
        before: int | None,
        limit: int,
    ) -> ChangePage:
        """Return the page of changes with IDs below `before`.

        Args:
            task_ref: only of this task, which may be deleted.
            list_id: only of this list, which may be deleted, and of the tasks in it.

        Raises:
            TaskNotFoundError, ListNotFoundError: there is none, or it was purged.
        """
        async with open_transaction(self._database, user_id) as session:
            if task_ref is not None:
                tasks = TaskRepository(session, user_id)
                task = await tasks.find_by_ref(task_ref, include_deleted=True)
                if task is None:
                    raise TaskNotFoundError
                filters = msgspec.structs.replace(filters, entity_id=task.id)
            if list_id is not None:
                lists = ListRepository(session, user_id)
                if await lists.find_by_id(list_id, include_deleted=True) is None:
                    raise ListNotFoundError
                filters = msgspec.structs.replace(filters, list_id=list_id)
            return await _read_page(session, user_id, filters, before, limit)


async def _read_page(
    session: AsyncSession, user_id: str, filters: ChangeFilter, before: int | None, limit: int
) -> ChangePage:
    repository = ChangeRepository(session, user_id)
    found = await repository.find_page(filters, before=before, limit=limit + 1)
    page = found[:limit]
    undone = await repository.find_undone([change.id for change in page])
    names = await _find_names(session, user_id, page)
    items = [
        ChangeEntry(
            id=change.id,
            type=change.type,
            entity_id=change.entity_id,
            name=names.get(change.entity_id),
            actor=change.actor,
            run_id=change.run_id,
            group_id=change.group_id,
            request_id=change.request_id,
            before=change.before,
            after=change.after,
            undoes=change.undoes,
            undone=change.id in undone,
            occurred_at=change.occurred_at,
        )
        for change in page
    ]
    return ChangePage(items, next_cursor=str(page[-1].id) if len(found) > limit else None)


async def _find_names(
    session: AsyncSession, user_id: str, changes: Sequence[ChangeRecord]
) -> dict[str, str]:
    """Return the current names of the entities of changes, by ID; purged ones are missing."""
    names = {}
    for kind in KINDS.values():
        ids = dict.fromkeys(each.entity_id for each in changes if kind_of(each.type) is kind)
        if ids:
            records = await kind.find(session, user_id, ids)
            names.update({entity_id: kind.name(each) for entity_id, each in records.items()})
    return names

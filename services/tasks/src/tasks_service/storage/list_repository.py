"""All queries on lists."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.task_list import TaskList
from tasks_service.domain.text import has_nul, match_key
from tasks_service.storage.records import ListRecord


class ListRepository:
    """The lists of one person that aren't deleted, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._live = (ListRecord.user_id == user_id, ListRecord.deleted_at.is_(None))

    async def find(self, list_id: str) -> ListRecord | None:
        """Return the list with this id."""
        if has_nul(list_id):
            return None
        return await self._one(ListRecord.id == list_id)

    async def find_named(self, name: str) -> ListRecord | None:
        """Return the list of this name, whatever its case."""
        return await self._one(ListRecord.name_key == match_key(name))

    async def find_default(self) -> ListRecord | None:
        """Return the default list, if it has been made."""
        return await self._one(ListRecord.is_default.is_(True))

    async def all(self) -> list[ListRecord]:
        """Return every list, the default one first, then by name."""
        statement = (
            select(ListRecord)
            .where(*self._live)
            .order_by(ListRecord.is_default.desc(), ListRecord.name_key, ListRecord.id)
        )
        return list((await self._session.scalars(statement)).all())

    async def count_all(self) -> int:
        """Count the lists."""
        return await self._session.scalar(select(func.count()).where(*self._live)) or 0

    async def add(self, record: ListRecord) -> None:
        """Store a new list."""
        self._session.add(record)
        await self._session.flush()

    async def _one(self, condition: ColumnElement[bool]) -> ListRecord | None:
        return await self._session.scalar(select(ListRecord).where(*self._live, condition))


def to_list(record: ListRecord, *, open_tasks: int) -> TaskList:
    """Return the list that a row holds."""
    return TaskList(
        id=record.id,
        name=record.name,
        is_default=record.is_default,
        open_tasks=open_tasks,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )

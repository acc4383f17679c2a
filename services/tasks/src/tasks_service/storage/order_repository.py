"""Queries on the manual order of a list's tasks.

They include deleted tasks, so that a restored one has its place to itself.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Text, any_, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import POSITION_SQL, TaskRecord

POSITION: Final = literal_column(POSITION_SQL, Text(collation="C"))

_SET_POSITIONS: Final = text("""
    UPDATE tasks SET manual_position = new.position
      FROM unnest(CAST(:ids AS text[]), CAST(:positions AS text[])) AS new (id, position)
     WHERE tasks.user_id = :user_id AND tasks.id = new.id
""")


class OrderRepository:
    """The manual order of one user's lists, in one transaction.

    Args:
        without: IDs of tasks that are being moved, which are left out.
    """

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def first(self, list_id: str, without: Collection[str] = ()) -> str | None:
        """Return the first position of a list."""
        return await self._session.scalar(
            select(func.min(POSITION)).where(*self._others(list_id, without))
        )

    async def last(self, list_id: str, without: Collection[str] = ()) -> str | None:
        """Return the last position of a list."""
        return await self._session.scalar(
            select(func.max(POSITION)).where(*self._others(list_id, without))
        )

    async def previous(self, list_id: str, position: str, without: Collection[str]) -> str | None:
        """Return the last position before another one."""
        return await self._session.scalar(
            select(func.max(POSITION)).where(*self._others(list_id, without), position > POSITION)
        )

    async def next(self, list_id: str, position: str, without: Collection[str]) -> str | None:
        """Return the first position after another one."""
        return await self._session.scalar(
            select(func.min(POSITION)).where(*self._others(list_id, without), position < POSITION)
        )

    async def position_of(self, task_id: str) -> str:
        """Return the position of a task."""
        statement = select(POSITION).where(
            TaskRecord.user_id == self._user_id, TaskRecord.id == task_id
        )
        return (await self._session.scalars(statement)).one()

    async def ordered_ids(self, list_id: str) -> list[str]:
        """Return the IDs of a list's tasks in their order."""
        statement = select(TaskRecord.id).where(*self._others(list_id, ()))
        found = await self._session.scalars(statement.order_by(POSITION, TaskRecord.number))
        return list(found)

    async def set_positions(self, positions: Mapping[str, str]) -> None:
        """Set positions by task; records that were loaded before must be loaded again."""
        await self._session.execute(
            _SET_POSITIONS,
            {
                "user_id": self._user_id,
                "ids": list(positions),
                "positions": list(positions.values()),
            },
        )

    def _others(self, list_id: str, without: Collection[str]) -> tuple[ColumnElement[bool], ...]:
        mine = (TaskRecord.user_id == self._user_id, TaskRecord.list_id == list_id)
        if not without:
            return mine
        return (*mine, TaskRecord.id != any_(cast(list(without), ARRAY(Text))))

"""What was changed, and what waits for a confirmation."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tasks_service.storage.records import ChangeRecord, PendingRecord, TaskRecord


class ChangeRepository:
    """The change records of one person, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def add(self, changes: list[dict[str, Any]]) -> None:
        """Write change records; their ids grow in the order of the list."""
        await self._session.execute(insert(ChangeRecord), changes)

    async def add_for_list(
        self,
        list_id: str,
        change: Mapping[str, Any],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Write the same change for every task of a list; call it before they are changed.

        Args:
            change: the columns that all of them share.
        """
        shared = {**change, "before": dict(before), "after": dict(after)}
        columns = ChangeRecord.__table__.c
        tasks = select(
            TaskRecord.user_id,
            TaskRecord.id,
            *(literal(value, columns[name].type) for name, value in shared.items()),
        ).where(
            TaskRecord.user_id == self._user_id,
            TaskRecord.list_id == list_id,
            TaskRecord.deleted_at.is_(None),
        )
        names = ["user_id", "entity_id", *shared]
        statement = insert(ChangeRecord).from_select(names, tasks.order_by(TaskRecord.number))
        await self._session.execute(statement)

    async def touched_by(self, group_id: str) -> set[str]:
        """Return the ids of the tasks that a group has changed without a confirmation."""
        statement = select(ChangeRecord.entity_id).where(
            *self._of_tasks(group_id),
            ChangeRecord.type != "task.created.v1",
            ChangeRecord.is_confirmed.is_(False),
        )
        return set(await self._session.scalars(statement.distinct()))

    async def made_by(self, group_id: str, run_id: str | None = None) -> set[str]:
        """Return the ids of the tasks that a group has made; only one run of it, if that is named."""
        conditions = [*self._of_tasks(group_id), ChangeRecord.type == "task.created.v1"]
        if run_id is not None:
            conditions.append(ChangeRecord.run_id == run_id)
        return set(await self._session.scalars(select(ChangeRecord.entity_id).where(*conditions)))

    def _of_tasks(self, group_id: str) -> tuple[ColumnElement[bool], ...]:
        return (
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.group_id == group_id,
            ChangeRecord.type.startswith("task."),
        )

    async def has_undone(self, group_id: str) -> bool:
        """Tell whether a change of this group has undone something."""
        statement = select(ChangeRecord.id).where(
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.group_id == group_id,
            ChangeRecord.undoes.is_not(None),
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def last_group(self, scope_id: str) -> str | None:
        """Return the group of a scope's newest change that can be undone."""
        statement = (
            select(ChangeRecord.group_id)
            .where(ChangeRecord.scope_id == scope_id, *self._undoable())
            .order_by(ChangeRecord.id.desc())
            .limit(1)
        )
        return await self._session.scalar(statement)

    async def undoable(self, group_id: str) -> list[ChangeRecord]:
        """Return the changes of a group that can be undone, the newest first."""
        statement = (
            select(ChangeRecord)
            .where(ChangeRecord.group_id == group_id, *self._undoable())
            .order_by(ChangeRecord.id.desc())
        )
        return list((await self._session.scalars(statement)).all())

    def _undoable(self) -> tuple[ColumnElement[bool], ...]:
        later = aliased(ChangeRecord)
        is_undone = exists().where(
            later.user_id == ChangeRecord.user_id, later.undoes == ChangeRecord.id
        )
        return (ChangeRecord.user_id == self._user_id, ChangeRecord.undoes.is_(None), ~is_undone)


class PendingRepository:
    """The pending changes of one person, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find(self, pending_id: str) -> PendingRecord | None:
        """Return the pending change with this id."""
        return await self._session.scalar(
            select(PendingRecord).where(
                PendingRecord.user_id == self._user_id, PendingRecord.id == pending_id
            )
        )

    async def newest_of(self, group_id: str) -> PendingRecord | None:
        """Return the newest pending change of a group."""
        statement = (
            select(PendingRecord)
            .where(PendingRecord.user_id == self._user_id, PendingRecord.group_id == group_id)
            .order_by(PendingRecord.created_at.desc(), PendingRecord.id.desc())
            .limit(1)
        )
        return await self._session.scalar(statement)

    def add(self, record: PendingRecord) -> None:
        """Store a new pending change."""
        self._session.add(record)

"""Queries on change records and pending changes."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, exists, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tasks_service.storage.records import ChangeRecord, PendingRecord, TaskRecord
from todochat.database.sql_transaction import SqlTransaction

_INSERT_CHANGES: Final = text("""
    INSERT INTO task_changes
           (user_id, type, entity_id, actor, run_id, scope_id, group_id, before, after, undoes,
            request_id, is_confirmed, occurred_at)
    SELECT :user_id, type, entity_id, actor, run_id, scope_id, group_id, before, after, undoes,
           request_id, is_confirmed, occurred_at
      FROM ROWS FROM (jsonb_to_recordset(CAST(:changes AS jsonb)) AS
           (type text, entity_id text, actor text, run_id text, scope_id text, group_id text,
            before jsonb, after jsonb, undoes bigint, request_id text, is_confirmed boolean,
            occurred_at timestamptz)) WITH ORDINALITY
     ORDER BY ordinality
""")


async def insert_changes(
    transaction: SqlTransaction, user_id: str, changes: list[dict[str, Any]]
) -> None:
    """Write change records of a user; their IDs ascend in the order of the list."""
    encoded = msgspec.json.encode(changes).decode()
    await transaction.execute(_INSERT_CHANGES, {"user_id": user_id, "changes": encoded})


class ChangeRepository:
    """The change records of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def add_for_list_tasks(
        self,
        list_id: str,
        change: Mapping[str, Any],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Write the same change for every task of a list; call it before changing them.

        Args:
            change: the columns that are the same for all tasks.
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

    async def unconfirmed_task_ids(self, group_id: str) -> set[str]:
        """Return the IDs of the tasks that a group has changed without a confirmation."""
        statement = select(ChangeRecord.entity_id).where(
            *self._task_changes(group_id),
            ChangeRecord.type != "task.created.v1",
            ChangeRecord.is_confirmed.is_(False),
        )
        return set(await self._session.scalars(statement.distinct()))

    async def created_task_ids(self, group_id: str, run_id: str | None = None) -> set[str]:
        """Return the IDs of the tasks that a group has created, or only those of one of its runs."""
        conditions = [*self._task_changes(group_id), ChangeRecord.type == "task.created.v1"]
        if run_id is not None:
            conditions.append(ChangeRecord.run_id == run_id)
        return set(await self._session.scalars(select(ChangeRecord.entity_id).where(*conditions)))

    def _task_changes(self, group_id: str) -> tuple[ColumnElement[bool], ...]:
        return (
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.group_id == group_id,
            ChangeRecord.type.startswith("task."),
        )

    async def has_undone(self, group_id: str) -> bool:
        """Return whether a change of this group is an undo."""
        statement = select(ChangeRecord.id).where(
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.group_id == group_id,
            ChangeRecord.undoes.is_not(None),
        )
        return await self._session.scalar(statement.limit(1)) is not None

    async def find_newest_group(self, scope_id: str) -> str | None:
        """Return the group of a scope's newest undoable change."""
        statement = (
            select(ChangeRecord.group_id)
            .where(ChangeRecord.scope_id == scope_id, *self._is_undoable())
            .order_by(ChangeRecord.id.desc())
            .limit(1)
        )
        return await self._session.scalar(statement)

    async def find_undoable(self, group_id: str) -> list[ChangeRecord]:
        """Return the undoable changes of a group, newest first."""
        statement = (
            select(ChangeRecord)
            .where(ChangeRecord.group_id == group_id, *self._is_undoable())
            .order_by(ChangeRecord.id.desc())
        )
        return list((await self._session.scalars(statement)).all())

    def _is_undoable(self) -> tuple[ColumnElement[bool], ...]:
        later = aliased(ChangeRecord)
        is_undone = exists().where(
            later.user_id == ChangeRecord.user_id, later.undoes == ChangeRecord.id
        )
        return (ChangeRecord.user_id == self._user_id, ChangeRecord.undoes.is_(None), ~is_undone)


class PendingRepository:
    """The pending changes of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find_by_id(self, pending_id: str) -> PendingRecord | None:
        """Return the pending change with this ID."""
        return await self._session.scalar(
            select(PendingRecord).where(
                PendingRecord.user_id == self._user_id, PendingRecord.id == pending_id
            )
        )

    async def find_newest(self, group_id: str) -> PendingRecord | None:
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

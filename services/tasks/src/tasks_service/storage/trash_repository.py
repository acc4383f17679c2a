"""Queries on deleted tasks and lists, and their deletion for good."""

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    Text,
    and_,
    any_,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tasks_service.domain.trash import PURGED_AT, TrashPosition
from tasks_service.storage.records import ListRecord, SectionRecord, TaskRecord, TasksBase

_BLANK_CHANGES: Final = text("""
    UPDATE task_changes
       SET before = CASE WHEN before IS NULL THEN NULL ELSE CAST('{}' AS jsonb) END, after = '{}'
     WHERE user_id = :user_id AND entity_id = ANY(:ids)
""")
# What is left of a task or list that was deleted for good, besides its time of deletion.
_KEPT: Final = frozenset({"id", "user_id", "number", "list_id", "is_default", "deleted_at"})


class TrashRepository:
    """The trash of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find_page(
        self, *, after: TrashPosition | None, limit: int
    ) -> list[TaskRecord | ListRecord]:
        """Return deleted tasks and lists, the last deleted first.

        Instances of a series that has an open one, such as those that a reopening withdrew, are
        left out with their subtasks: restored, the series would have two open instances.
        """
        keys = []
        parent = aliased(TaskRecord)
        is_of_superseded = exists().where(
            parent.user_id == TaskRecord.user_id,
            parent.id == TaskRecord.parent_id,
            _is_superseded(parent),
        )
        shown: dict[Any, ColumnElement[bool]] = {
            TaskRecord: not_(or_(_is_superseded(TaskRecord), is_of_superseded))
        }
        for record in (TaskRecord, ListRecord):
            statement = select(record.id, record.deleted_at).where(
                *self._is_in_trash(record), shown.get(record, true())
            )
            if after is not None:
                end = tuple_(literal(after.deleted_at), literal(after.id))
                statement = statement.where(tuple_(record.deleted_at, record.id) < end)
            newest = statement.order_by(record.deleted_at.desc(), record.id.desc()).limit(limit)
            keys.append(newest.subquery().select())
        merged = union_all(*keys).subquery()
        statement = select(merged.c.id).order_by(merged.c.deleted_at.desc(), merged.c.id.desc())
        ids = list(await self._session.scalars(statement.limit(limit)))
        found: dict[str, TaskRecord | ListRecord] = {}
        found.update({task.id: task for task in await self.find_tasks(ids)})
        found.update({entry.id: entry for entry in await self.find_lists(ids)})
        return [found[each] for each in ids]

    async def find_tasks(self, ids: Collection[str] | None = None) -> list[TaskRecord]:
        """Return the deleted tasks with these IDs; None returns all."""
        return await self._find(TaskRecord, ids)

    async def find_lists(self, ids: Collection[str] | None = None) -> list[ListRecord]:
        """Return the deleted lists with these IDs; None returns all."""
        return await self._find(ListRecord, ids)

    async def find_tasks_of_list(self, list_id: str) -> list[TaskRecord]:
        """Return the deleted tasks of a list, by number."""
        statement = (
            select(TaskRecord)
            .where(*self._is_in_trash(TaskRecord), TaskRecord.list_id == list_id)
            .order_by(TaskRecord.number)
        )
        return list(await self._session.scalars(statement))

    async def count_deleted_with(self, lists: Collection[ListRecord]) -> dict[str, int]:
        """Count the tasks that were deleted together with each list."""
        deleted = tuple_(TaskRecord.list_id, TaskRecord.deleted_at)
        statement = (
            select(TaskRecord.list_id, func.count())
            .where(
                *self._is_in_trash(TaskRecord),
                deleted.in_([(each.id, each.deleted_at) for each in lists]),
            )
            .group_by(TaskRecord.list_id)
        )
        rows = await self._session.execute(statement)
        return {row[0]: row[1] for row in rows}

    async def purge(
        self,
        record: type[TaskRecord | ListRecord | SectionRecord],
        ids: Collection[str],
        now: dt.datetime,
    ) -> None:
        """Remove the contents of tasks, lists or sections from their rows and from their change records."""
        table = TasksBase.metadata.tables[record.__tablename__]
        values = {**blank_values(table), "updated_at": now, "deleted_at": PURGED_AT}
        await self._session.execute(
            update(record)
            .where(*self._is_in_trash(record), record.id == any_(cast(list(ids), ARRAY(Text))))
            .values(values)
            .execution_options(synchronize_session=False)
        )
        await self._session.execute(_BLANK_CHANGES, {"user_id": self._user_id, "ids": list(ids)})

    async def _find(self, record: Any, ids: Collection[str] | None) -> list[Any]:
        statement = select(record).where(*self._is_in_trash(record))
        if ids is not None:
            statement = statement.where(record.id == any_(cast(list(ids), ARRAY(Text))))
        return list(await self._session.scalars(statement))

    def _is_in_trash(
        self, record: type[TaskRecord | ListRecord | SectionRecord]
    ) -> tuple[Any, ...]:
        return record.user_id == self._user_id, record.deleted_at > PURGED_AT


def _is_superseded(task: Any) -> ColumnElement[bool]:
    """Return whether a deleted task is an instance of a series that has an open one."""
    other = aliased(TaskRecord)
    return and_(
        task.deleted_at.is_not(None),
        task.completed_at.is_(None),
        exists().where(
            other.user_id == task.user_id,
            other.series_id == task.series_id,
            other.deleted_at.is_(None),
            other.completed_at.is_(None),
        ),
    )


def blank_values(table: Table) -> dict[str, Any]:
    """Return values without contents for the columns of a row that is deleted for good.

    A nullable column becomes null, a text empty. Other columns have no contents of their own.
    """
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in _KEPT or column.computed is not None:
            continue
        if column.nullable:
            values[column.name] = None
        elif isinstance(column.type, String):
            values[column.name] = ""
        elif isinstance(column.type, ARRAY):
            values[column.name] = []
    return values

"""Queries on change records and pending changes."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    any_,
    cast,
    insert,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.change import RecordType
from tasks_service.domain.grouping import ChangeFilter, ChangeTarget
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
# Whether a change was undone and not redone: each undo has at most one undo of its own.
_IS_UNDONE: Final = """
    (WITH RECURSIVE chain AS (
        SELECT change.id AS id, 0 AS undos
         UNION ALL
        SELECT undo.id, undos + 1
          FROM chain JOIN task_changes AS undo
            ON undo.user_id = :user_id AND undo.undoes = chain.id)
     SELECT max(undos) % 2 = 1 FROM chain)
"""
_UNDONE: Final = text(f"""
    SELECT change.id FROM task_changes AS change
     WHERE change.user_id = :user_id AND change.id = ANY(:ids) AND {_IS_UNDONE}
""")  # noqa: S608 - constants
_NEWEST_GROUP: Final = text(f"""
    SELECT change.group_id FROM task_changes AS change
     WHERE change.user_id = :user_id AND change.scope_id = :scope_id AND change.undoes IS NULL
       AND NOT {_IS_UNDONE}
     ORDER BY change.id DESC LIMIT 1
""")  # noqa: S608 - constants


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
        *,
        section_id: str | None = None,
    ) -> None:
        """Write the same change for every task of a list or section; call it before changing them.

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
        if section_id is not None:
            tasks = tasks.where(TaskRecord.section_id == section_id)
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

    async def unconfirmed_ids(self, group_id: str, *types: RecordType) -> set[str]:
        """Return the IDs of a group's changes of these types, without those the user confirmed."""
        statement = select(ChangeRecord.entity_id).where(
            ChangeRecord.user_id == self._user_id,
            ChangeRecord.group_id == group_id,
            ChangeRecord.type.in_(types),
            ChangeRecord.is_confirmed.is_(False),
        )
        return set(await self._session.scalars(statement))

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
        """Return the group of a scope's newest change that is in effect and isn't an undo."""
        values = {"user_id": self._user_id, "scope_id": scope_id}
        group_id: str | None = await self._session.scalar(_NEWEST_GROUP, values)
        return group_id

    async def find_in_effect(self, target: ChangeTarget) -> list[ChangeRecord]:
        """Return the records to revert so that the target's changes are no longer in effect.

        They are the ends of chains: a change, its undo, the undo of that, and so on. A chain ends
        in effect after an even number of undos. A record within the chain of another one isn't
        considered on its own. Newest first.
        """
        (name, value) = next(
            pair for pair in msgspec.structs.asdict(target).items() if pair[1] is not None
        )
        column = ChangeRecord.__table__.c["id" if name == "change_id" else name]
        targeted = await self._find(column == value)
        next_undo: dict[int | None, ChangeRecord] = {}  # by the ID of the record that it undoes
        ids = [change.id for change in targeted]
        while ids:
            undos = await self._find(ChangeRecord.undoes == any_(cast(ids, ARRAY(BigInteger))))
            next_undo.update({undo.undoes: undo for undo in undos})
            ids = [undo.id for undo in undos]
        chained = {undo.id for undo in next_undo.values()}
        ends = []
        for change in targeted:
            if change.id in chained:
                continue
            end, is_in_effect = change, True
            while end.id in next_undo:
                end, is_in_effect = next_undo[end.id], not is_in_effect
            if is_in_effect:
                ends.append(end)
        return sorted(ends, key=lambda end: end.id, reverse=True)

    async def find_page(
        self, filters: ChangeFilter, *, before: int | None, limit: int
    ) -> list[ChangeRecord]:
        """Return at most `limit` changes with IDs below `before`, newest first."""
        conditions = [ChangeRecord.user_id == self._user_id]
        if before is not None:
            conditions.append(ChangeRecord.id < before)
        columns = ChangeRecord.__table__.c
        conditions += [
            columns[name] == value
            for name, value in msgspec.structs.asdict(filters).items()
            if value is not None and name != "list_id"
        ]
        newest = select(ChangeRecord).where(*conditions).order_by(ChangeRecord.id.desc())
        if filters.list_id is not None:
            tasks = select(TaskRecord.id).where(
                TaskRecord.user_id == self._user_id, TaskRecord.list_id == filters.list_id
            )
            # Two queries, since an OR of them would read all tasks of the list.
            ids = (
                select(ChangeRecord.id).where(*conditions, is_in_list)
                for is_in_list in (
                    ChangeRecord.entity_id == filters.list_id,
                    ChangeRecord.entity_id.in_(tasks),
                )
            )
            pages = (
                each.order_by(ChangeRecord.id.desc()).limit(limit).subquery().select()
                for each in ids
            )
            newest = newest.where(ChangeRecord.id.in_(union_all(*pages)))
        return list((await self._session.scalars(newest.limit(limit))).all())

    async def find_undone(self, ids: Collection[int]) -> set[int]:
        """Return those of these changes that were undone and not redone."""
        values = {"user_id": self._user_id, "ids": list(ids)}
        return set(await self._session.scalars(_UNDONE, values))

    async def _find(self, *conditions: ColumnElement[bool]) -> list[ChangeRecord]:
        statement = select(ChangeRecord).where(ChangeRecord.user_id == self._user_id, *conditions)
        return list((await self._session.scalars(statement)).all())


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

"""Queries on lists."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Text, all_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.text import has_nul, match_key
from tasks_service.domain.trash import PURGED_AT
from tasks_service.storage.records import ListRecord, TaskRecord
from todochat.contracts.tasks import Color, Icon, TaskList


class ListRepository:
    """The lists of one user, in one transaction; without deleted ones unless a method includes them."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._mine = ListRecord.user_id == user_id
        self._read: dict[str, ListRecord | None] = {}  # a session keeps only weak references
        is_live = ListRecord.deleted_at.is_(None)
        self._live = (self._mine, is_live)
        self._not_purged = (self._mine, or_(is_live, ListRecord.deleted_at > PURGED_AT))

    async def find_by_id(self, list_id: str, *, include_deleted: bool = False) -> ListRecord | None:
        """Return the list with this ID."""
        if has_nul(list_id):
            return None
        if include_deleted:
            return await self._session.scalar(
                select(ListRecord).where(*self._not_purged, ListRecord.id == list_id)
            )
        return await self._find_one(ListRecord.id == list_id)

    async def find_by_ids(self, ids: Collection[str]) -> dict[str, ListRecord]:
        """Return the lists with these IDs, including deleted ones."""
        statement = select(ListRecord).where(*self._not_purged, ListRecord.id.in_(ids))
        return {record.id: record for record in await self._session.scalars(statement)}

    async def is_live(self, list_id: str) -> bool:
        """Return whether there is a list with this ID; one that was read needs no query."""
        if list_id not in self._read:
            self._read[list_id] = await self.find_by_id(list_id, include_deleted=True)
        record = self._read[list_id]
        return record is not None and record.deleted_at is None

    async def find_by_name(self, name: str) -> ListRecord | None:
        """Return the list with this name, ignoring case."""
        return await self._find_one(ListRecord.name_key == match_key(name))

    async def find_default(self) -> ListRecord | None:
        """Return the default list if it exists."""
        return await self._find_one(ListRecord.is_default.is_(True))

    async def find_all(self, *, include_archived: bool = False) -> list[ListRecord]:
        """Return all lists: the default list first, then by position, then by name."""
        statement = select(ListRecord).where(*self._live)
        if not include_archived:
            statement = statement.where(ListRecord.archived_at.is_(None))
        order = (ListRecord.position.nulls_last(), ListRecord.name_key, ListRecord.id)
        statement = statement.order_by(ListRecord.is_default.desc(), *order)
        return list((await self._session.scalars(statement)).all())

    async def count(self) -> int:
        """Count the lists."""
        return await self._session.scalar(select(func.count()).where(*self._live)) or 0

    async def add(self, record: ListRecord) -> None:
        """Insert a list."""
        self._session.add(record)
        await self._session.flush()

    async def flush(self) -> None:
        """Write pending changes of the lists to the database."""
        await self._session.flush()

    async def _find_one(self, condition: ColumnElement[bool]) -> ListRecord | None:
        return await self._session.scalar(select(ListRecord).where(*self._live, condition))


def in_shown_list(user_id: str, *, named: Collection[str] = ()) -> ColumnElement[bool]:
    """Return the condition on tasks whose list isn't archived, or is one of the named ones."""
    archived = select(ListRecord.id).where(
        ListRecord.user_id == user_id, ListRecord.archived_at.is_not(None)
    )
    if named:
        archived = archived.where(ListRecord.id != all_(cast(list(named), ARRAY(Text))))
    # As an array, the lists are read once, and the planner expects the condition to hold.
    return TaskRecord.list_id != all_(func.array(archived.scalar_subquery()))


def list_state(record: ListRecord) -> dict[str, Any]:
    """Return the mutable fields of a list as JSON, as `task_changes` stores them."""
    return {
        "name": record.name,
        "color": record.color,
        "icon": record.icon,
        "position": record.position,
        "archived_at": msgspec.to_builtins(record.archived_at),
        "deleted_at": msgspec.to_builtins(record.deleted_at),
    }


def set_list_state(record: ListRecord, state: Mapping[str, Any]) -> None:
    """Set fields from a `list_state`; missing fields stay unchanged."""
    if "name" in state:
        record.name, record.name_key = state["name"], match_key(state["name"])
    record.color = state.get("color", record.color)
    record.icon = state.get("icon", record.icon)
    record.position = state.get("position", record.position)
    if "archived_at" in state:
        record.archived_at = msgspec.convert(state["archived_at"], dt.datetime | None)
    if "deleted_at" in state:
        record.deleted_at = msgspec.convert(state["deleted_at"], dt.datetime | None)


def to_list(record: ListRecord, *, open_tasks: int) -> TaskList:
    """Convert a row."""
    return TaskList(
        id=record.id,
        name=record.name,
        is_default=record.is_default,
        open_tasks=open_tasks,
        created_at=record.created_at,
        updated_at=record.updated_at,
        color=msgspec.convert(record.color, Color | None),
        icon=msgspec.convert(record.icon, Icon | None),
        position=record.position,
        archived_at=record.archived_at,
    )

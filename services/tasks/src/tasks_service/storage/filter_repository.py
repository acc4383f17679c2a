"""Queries on saved filters."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.text import has_nul, match_key
from tasks_service.storage.records import FilterRecord
from todochat.contracts.task_views import SavedFilter


class FilterRepository:
    """The saved filters of one user, in one transaction; without deleted ones unless noted."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._mine = FilterRecord.user_id == user_id
        self._live = (self._mine, FilterRecord.deleted_at.is_(None))

    async def find_by_id(self, filter_id: str) -> FilterRecord | None:
        """Return the filter with this ID."""
        return None if has_nul(filter_id) else await self._find_one(FilterRecord.id == filter_id)

    async def find_by_name(self, name: str) -> FilterRecord | None:
        """Return the filter with this name, ignoring case."""
        return await self._find_one(FilterRecord.name_key == match_key(name))

    async def find_by_ids(self, ids: Collection[str]) -> dict[str, FilterRecord]:
        """Return the filters with these IDs, including deleted ones."""
        statement = select(FilterRecord).where(self._mine, FilterRecord.id.in_(ids))
        return {record.id: record for record in await self._session.scalars(statement)}

    async def find_all(self) -> list[FilterRecord]:
        """Return all filters, by name."""
        statement = select(FilterRecord).where(*self._live)
        statement = statement.order_by(FilterRecord.name_key, FilterRecord.id)
        return list(await self._session.scalars(statement))

    async def count(self) -> int:
        """Count the filters."""
        return await self._session.scalar(select(func.count()).where(*self._live)) or 0

    async def add(self, record: FilterRecord) -> None:
        """Insert a filter."""
        self._session.add(record)
        await self._session.flush()

    async def flush(self) -> None:
        """Write pending changes of the filters to the database."""
        await self._session.flush()

    async def _find_one(self, condition: ColumnElement[bool]) -> FilterRecord | None:
        return await self._session.scalar(select(FilterRecord).where(*self._live, condition))


def filter_state(record: FilterRecord) -> dict[str, Any]:
    """Return the mutable fields of a filter as JSON, as `task_changes` stores them."""
    return {
        "name": record.name,
        "filter": record.filter,
        "deleted_at": msgspec.to_builtins(record.deleted_at),
    }


def set_filter_state(record: FilterRecord, state: Mapping[str, Any]) -> None:
    """Set fields from a `filter_state`; missing fields stay unchanged."""
    record.name = state.get("name", record.name)
    record.name_key = match_key(record.name)
    record.filter = state.get("filter", record.filter)
    if "deleted_at" in state:
        record.deleted_at = msgspec.convert(state["deleted_at"], dt.datetime | None)


def to_filter(record: FilterRecord) -> SavedFilter:
    """Convert a row."""
    return msgspec.convert(record, SavedFilter, from_attributes=True)

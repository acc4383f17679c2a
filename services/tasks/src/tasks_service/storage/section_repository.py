"""Queries on the sections of lists."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import Text, any_, cast, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.text import has_nul
from tasks_service.storage.records import ListRecord, SectionRecord
from todochat.contracts.tasks import Section


class SectionRepository:
    """The sections of one user, in one transaction; deleted ones only where a method mentions them."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._read: dict[str, SectionRecord | None] = {}  # a session keeps only weak references
        self._mine = SectionRecord.user_id == user_id
        self._live = (self._mine, SectionRecord.deleted_at.is_(None))

    async def find_by_id(self, section_id: str) -> SectionRecord | None:
        """Return the section with this ID."""
        if has_nul(section_id):
            return None
        statement = select(SectionRecord).where(*self._live, SectionRecord.id == section_id)
        return await self._session.scalar(statement)

    async def find_by_ids(self, ids: Collection[str]) -> dict[str, SectionRecord]:
        """Return the sections with these IDs, including deleted ones."""
        wanted = any_(cast(list(ids), ARRAY(Text)))
        statement = select(SectionRecord).where(self._mine, SectionRecord.id == wanted)
        return {record.id: record for record in await self._session.scalars(statement)}

    async def is_live(self, section_id: str) -> bool:
        """Return whether there is a section with this ID; one that was read needs no query."""
        if section_id not in self._read:
            self._read[section_id] = (await self.find_by_ids([section_id])).get(section_id)
        record = self._read[section_id]
        return record is not None and record.deleted_at is None

    async def find_all(
        self, list_id: str | None = None, *, include_archived: bool = False
    ) -> list[SectionRecord]:
        """Return the sections of a list in their order, or those of all lists.

        Args:
            include_archived: with `list_id`, an archived list is no exception anyway.
        """
        statement = select(SectionRecord).where(*self._live)
        if list_id is not None:
            statement = statement.where(SectionRecord.list_id == list_id)
        elif not include_archived:
            statement = statement.join(
                ListRecord,
                (ListRecord.user_id == SectionRecord.user_id)
                & (ListRecord.id == SectionRecord.list_id)
                & ListRecord.archived_at.is_(None),
            )
        order = (SectionRecord.list_id, SectionRecord.position, SectionRecord.id)
        return list((await self._session.scalars(statement.order_by(*order))).all())

    async def find_in_lists(self, list_ids: Collection[str]) -> list[SectionRecord]:
        """Return the sections of several lists, those of each list in their order."""
        wanted = any_(cast(list(list_ids), ARRAY(Text)))
        statement = select(SectionRecord).where(*self._live, SectionRecord.list_id == wanted)
        order = (SectionRecord.position, SectionRecord.id)
        return list((await self._session.scalars(statement.order_by(*order))).all())

    async def find_deleted_with(
        self, list_id: str, deleted_at: dt.datetime | None
    ) -> list[SectionRecord]:
        """Return the sections that were deleted together with their list."""
        statement = select(SectionRecord).where(
            self._mine, SectionRecord.list_id == list_id, SectionRecord.deleted_at == deleted_at
        )
        return list((await self._session.scalars(statement)).all())

    async def find_in_deleted_lists(self, list_ids: Collection[str]) -> list[str]:
        """Return the IDs of the deleted sections of several lists."""
        wanted = any_(cast(list(list_ids), ARRAY(Text)))
        statement = select(SectionRecord.id).where(
            self._mine, SectionRecord.list_id == wanted, SectionRecord.deleted_at.is_not(None)
        )
        return list(await self._session.scalars(statement))

    async def add(self, record: SectionRecord) -> None:
        """Insert a section."""
        self._session.add(record)
        await self._session.flush()


def to_section(record: SectionRecord) -> Section:
    """Convert a row."""
    return Section(
        id=record.id,
        list_id=record.list_id,
        name=record.name,
        position=record.position,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def section_state(record: SectionRecord) -> dict[str, Any]:
    """Return the mutable fields of a section as JSON, as `task_changes` stores them."""
    return {
        "list_id": record.list_id,
        "name": record.name,
        "position": record.position,
        "deleted_at": msgspec.to_builtins(record.deleted_at),
    }


def set_section_state(record: SectionRecord, state: Mapping[str, Any]) -> None:
    """Set fields from a `section_state`; missing fields stay unchanged."""
    record.name = state.get("name", record.name)
    record.position = state.get("position", record.position)
    if "deleted_at" in state:
        record.deleted_at = msgspec.convert(state["deleted_at"], dt.datetime | None)

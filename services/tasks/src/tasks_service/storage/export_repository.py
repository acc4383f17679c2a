"""Queries for the export of one user's data, a page at a time."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.trash import PURGED_AT
from tasks_service.storage.records import (
    ChangeRecord,
    FilterRecord,
    ListRecord,
    SectionRecord,
    TagRecord,
    TaskRecord,
)


class ExportRepository:
    """One user's tasks, lists and changes, including deleted ones, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find_tasks(self, *, after: int, limit: int) -> list[TaskRecord]:
        """Return the tasks with a number above `after`, by number."""
        statement = (
            select(TaskRecord)
            .where(
                TaskRecord.user_id == self._user_id,
                TaskRecord.number > after,
                or_(TaskRecord.deleted_at.is_(None), TaskRecord.deleted_at > PURGED_AT),
            )
            .order_by(TaskRecord.number)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_lists(self, *, after: str, limit: int) -> list[ListRecord]:
        """Return the lists with an ID above `after`, by ID."""
        statement = (
            select(ListRecord)
            .where(
                ListRecord.user_id == self._user_id,
                ListRecord.id > after,
                or_(ListRecord.deleted_at.is_(None), ListRecord.deleted_at > PURGED_AT),
            )
            .order_by(ListRecord.id)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_filters(self, *, after: str, limit: int) -> list[FilterRecord]:
        """Return the saved filters with an ID above `after`, by ID."""
        statement = (
            select(FilterRecord)
            .where(FilterRecord.user_id == self._user_id, FilterRecord.id > after)
            .order_by(FilterRecord.id)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_sections(self, *, after: str, limit: int) -> list[SectionRecord]:
        """Return the sections with an ID above `after`, by ID."""
        statement = (
            select(SectionRecord)
            .where(SectionRecord.user_id == self._user_id, SectionRecord.id > after)
            .order_by(SectionRecord.id)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_tags(self, *, after: str, limit: int) -> list[TagRecord]:
        """Return the stored tags with an ID above `after`, by ID."""
        statement = (
            select(TagRecord)
            .where(TagRecord.user_id == self._user_id, TagRecord.id > after)
            .order_by(TagRecord.id)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

    async def find_changes(self, *, after: int, limit: int) -> list[ChangeRecord]:
        """Return the change records with an ID above `after`, by ID."""
        statement = (
            select(ChangeRecord)
            .where(ChangeRecord.user_id == self._user_id, ChangeRecord.id > after)
            .order_by(ChangeRecord.id)
            .limit(limit)
        )
        return list((await self._session.scalars(statement)).all())

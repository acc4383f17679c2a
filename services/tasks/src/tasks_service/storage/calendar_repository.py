"""Queries for the calendar feed of one user."""

import datetime as dt

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.list_repository import in_shown_list
from tasks_service.storage.records import CalendarRecord, CounterRecord, TaskRecord


class CalendarRepository:
    """The calendar feed of one user, in one transaction bound to the user."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find(self) -> CalendarRecord | None:
        """Return the feed; None if there is none or it is revoked."""
        return await self._session.scalar(
            select(CalendarRecord).where(
                CalendarRecord.user_id == self._user_id, CalendarRecord.digest.is_not(None)
            )
        )

    async def save(self, digest: bytes, now: dt.datetime) -> None:
        """Set the digest of the feed's token; the former token becomes invalid."""
        values = {"digest": digest, "created_at": now}
        await self._session.execute(
            insert(CalendarRecord)
            .values(user_id=self._user_id, **values)
            .on_conflict_do_update(index_elements=[CalendarRecord.user_id], set_=values)
        )

    async def revoke(self) -> None:
        """Make the feed's token invalid."""
        await self._session.execute(
            update(CalendarRecord)
            .where(CalendarRecord.user_id == self._user_id)
            .values(digest=None)
        )

    async def last_event_seq(self) -> int:
        """Return a number that grows with each change of the user's tasks and lists."""
        found = select(CounterRecord.last_event_seq).where(CounterRecord.user_id == self._user_id)
        return await self._session.scalar(found) or 0

    async def timezones(self) -> list[str]:
        """Return the time zones of open tasks that are due or start at an instant."""
        zones: set[str] = set()
        for at, timezone in (
            (TaskRecord.due_at, TaskRecord.due_timezone),
            (TaskRecord.start_at, TaskRecord.start_timezone),
        ):
            found = select(timezone).where(*self._open(), at.is_not(None)).distinct()
            zones.update(zone for zone in await self._session.scalars(found) if zone)
        return sorted(zones)

    async def find_open_tasks(self, *, after: int, limit: int) -> list[TaskRecord]:
        """Return the open tasks with a number above `after`, by number."""
        statement = select(TaskRecord).where(*self._open(), TaskRecord.number > after)
        statement = statement.order_by(TaskRecord.number).limit(limit)
        return list(await self._session.scalars(statement))

    def _open(self) -> tuple[ColumnElement[bool], ...]:
        return (
            TaskRecord.user_id == self._user_id,
            TaskRecord.deleted_at.is_(None),
            TaskRecord.completed_at.is_(None),
            in_shown_list(self._user_id),
        )


async def find_feed_owner(session: AsyncSession, digest: bytes) -> str | None:
    """Return the ID of the user whose feed has this digest; needs no bound user."""
    await session.execute(select(func.set_config("app.calendar_digest", digest.hex(), True)))
    return await session.scalar(
        select(CalendarRecord.user_id).where(CalendarRecord.digest == digest)
    )

"""Queries on the times at which reminders fire."""

import datetime as dt
from collections.abc import Collection
from typing import Final

import msgspec
from sqlalchemy import Text, any_, cast, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.reminder import firing_time
from tasks_service.domain.text import has_nul
from tasks_service.storage.records import ReminderRecord, TaskRecord
from tasks_service.storage.task_repository import to_due, to_reminders

MAX_ROWS_AT_ONCE: Final = 1_000  # a statement has at most 32,767 parameters


class ScheduledReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder that has been planned."""

    id: str
    task_id: str
    fires_at: dt.datetime


class ReminderRepository:
    """The reminders of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id
        self._mine = ReminderRecord.user_id == user_id

    async def schedule(self, task_ids: Collection[str], *, now: dt.datetime) -> None:
        """Plan the reminders of changed tasks again.

        A reminder whose time stays the same keeps its state: fired or snoozed. One whose new time
        is past doesn't fire, so that reopening an old task reminds of nothing.
        """
        wanted = any_(cast(list(task_ids), ARRAY(Text)))
        tasks = await self._session.scalars(
            select(TaskRecord).where(TaskRecord.user_id == self._user_id, TaskRecord.id == wanted)
        )
        rows = [
            {
                "user_id": self._user_id,
                "id": reminder.id,
                "task_id": task.id,
                "planned_at": planned_at,
                "fires_at": planned_at if planned_at and planned_at > now else None,
            }
            for task in tasks
            if task.deleted_at is None and task.completed_at is None
            for reminder in to_reminders(task)
            for planned_at in [firing_time(reminder, to_due(task))]
        ]
        kept = any_(cast([row["id"] for row in rows], ARRAY(Text)))
        await self._session.execute(
            delete(ReminderRecord).where(
                self._mine, ReminderRecord.task_id == wanted, ~(ReminderRecord.id == kept)
            )
        )
        for start in range(0, len(rows), MAX_ROWS_AT_ONCE):
            planned = insert(ReminderRecord).values(rows[start : start + MAX_ROWS_AT_ONCE])
            await self._session.execute(
                planned.on_conflict_do_update(
                    index_elements=["user_id", "id"],
                    set_={
                        "task_id": planned.excluded.task_id,
                        "planned_at": planned.excluded.planned_at,
                        "fires_at": planned.excluded.fires_at,
                    },
                    where=ReminderRecord.planned_at.is_distinct_from(planned.excluded.planned_at),
                )
            )

    async def take_due(self, now: dt.datetime, *, limit: int) -> list[ScheduledReminder]:
        """Mark due reminders as fired and return them, the earliest first."""
        due = (
            select(ReminderRecord.id, ReminderRecord.fires_at)
            .where(self._mine, ReminderRecord.fires_at <= now)
            .order_by(ReminderRecord.fires_at)
            .limit(limit)
            .cte("due")
        )
        taken = await self._session.execute(
            update(ReminderRecord)
            .where(self._mine, ReminderRecord.id == due.c.id)
            .values(fires_at=None, fired_at=now)
            .returning(ReminderRecord.id, ReminderRecord.task_id, due.c.fires_at)
        )
        found = [
            ScheduledReminder(id=row.id, task_id=row.task_id, fires_at=row.fires_at)
            for row in taken
        ]
        return sorted(found, key=lambda reminder: reminder.fires_at)

    async def find(self, reminder_id: str) -> ReminderRecord | None:
        """Return the row of a reminder of an open task."""
        if has_nul(reminder_id):  # PostgreSQL would reject it
            return None
        return await self._session.scalar(
            select(ReminderRecord).where(self._mine, ReminderRecord.id == reminder_id)
        )

    async def list_pending(self, *, limit: int) -> list[ScheduledReminder]:
        """Return the reminders that will fire, the next one first."""
        rows = await self._session.scalars(
            select(ReminderRecord)
            .where(self._mine, ReminderRecord.fires_at.is_not(None))
            .order_by(ReminderRecord.fires_at, ReminderRecord.id)
            .limit(limit)
        )
        return [
            ScheduledReminder(id=row.id, task_id=row.task_id, fires_at=row.fires_at)
            for row in rows
            if row.fires_at is not None
        ]


async def find_users_with_due_reminders(
    session: AsyncSession, now: dt.datetime, *, limit: int
) -> list[str]:
    """Return users who have due reminders, those who wait longest first; for `tasks_jobs`."""
    due = (
        select(ReminderRecord.user_id)
        .where(ReminderRecord.fires_at <= now)
        .order_by(ReminderRecord.fires_at)
        .limit(limit)
    )
    return list(dict.fromkeys(await session.scalars(due)))

"""Deletions of the `tasks_jobs` role: expired rows of everybody, or all rows of one user."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import (
    AttemptRecord,
    CalendarRecord,
    ChangeRecord,
    CounterRecord,
    DeliveryRecord,
    DeviceRecord,
    EventRecord,
    FilterRecord,
    ImportRecord,
    ListRecord,
    PendingRecord,
    PreferencesRecord,
    ReminderEmailRecord,
    ReminderRecord,
    ResponseRecord,
    SearchRecord,
    SectionRecord,
    TagCountRecord,
    TagRecord,
    TaskRecord,
    TasksBase,
)

# All tables, in the order in which a user's rows are erased: tasks before the lists they refer to.
ERASED: Final[tuple[type[TasksBase], ...]] = (
    CalendarRecord,
    ImportRecord,
    AttemptRecord,
    ResponseRecord,
    EventRecord,
    ChangeRecord,
    PendingRecord,
    FilterRecord,
    TagRecord,
    DeliveryRecord,
    DeviceRecord,
    ReminderEmailRecord,
    ReminderRecord,
    SearchRecord,
    TaskRecord,
    TagCountRecord,
    SectionRecord,
    ListRecord,
    PreferencesRecord,
    CounterRecord,
)
_LOCK_SPACE: Final = 0x7461736B  # "task"
_PURGE_LOCK: Final = 1


class PurgeRepository:
    """Deletes one batch from one table, in one transaction; each method returns the row count."""

    def __init__(self, session: AsyncSession, *, batch_size: int) -> None:
        self._session = session
        self._batch_size = batch_size

    async def try_lock(self) -> bool:
        """Take the purge lock until the transaction ends; False if another process holds it."""
        lock = select(func.pg_try_advisory_xact_lock(_LOCK_SPACE, _PURGE_LOCK))
        return bool((await self._session.execute(lock)).scalar_one())

    async def delete_responses(self, before: dt.datetime) -> int:
        """Delete responses stored under idempotency keys before a time."""
        return await self._delete(ResponseRecord, ResponseRecord.created_at < before)

    async def delete_attempts(self, before: dt.datetime) -> int:
        """Delete the attempts of runs last seen before a time."""
        return await self._delete(AttemptRecord, AttemptRecord.seen_at < before)

    async def delete_events(self, before: dt.datetime) -> int:
        """Delete outbox rows of changes before a time."""
        return await self._delete(EventRecord, EventRecord.occurred_at < before)

    async def delete_changes(self, before: dt.datetime) -> int:
        """Delete change records of changes before a time."""
        return await self._delete(ChangeRecord, ChangeRecord.occurred_at < before)

    async def delete_pending_changes(self, before: dt.datetime) -> int:
        """Delete pending changes that expired before a time."""
        return await self._delete(PendingRecord, PendingRecord.expires_at < before)

    async def delete_tasks(self, before: dt.datetime) -> int:
        """Delete for good the tasks that were deleted before a time."""
        return await self._delete(TaskRecord, TaskRecord.deleted_at < before)

    async def delete_filters(self, before: dt.datetime) -> int:
        """Delete for good the saved filters that were deleted before a time."""
        return await self._delete(FilterRecord, FilterRecord.deleted_at < before)

    async def delete_tags(self, before: dt.datetime) -> int:
        """Delete for good the tags that were deleted before a time."""
        return await self._delete(TagRecord, TagRecord.deleted_at < before)

    async def delete_tag_counts(self) -> int:
        """Delete the counts of tags that no task in their list has."""
        return await self._delete(TagCountRecord, TagCountRecord.tasks == 0)

    async def delete_sections(self, before: dt.datetime) -> int:
        """Delete for good the sections that were deleted before a time and have no tasks left."""
        has_tasks = exists().where(
            TaskRecord.user_id == SectionRecord.user_id, TaskRecord.section_id == SectionRecord.id
        )
        return await self._delete(SectionRecord, SectionRecord.deleted_at < before, ~has_tasks)

    async def delete_lists(self, before: dt.datetime) -> int:
        """Delete for good the lists that were deleted before a time and are empty."""
        has_tasks = exists().where(
            TaskRecord.user_id == ListRecord.user_id, TaskRecord.list_id == ListRecord.id
        )
        has_sections = exists().where(
            SectionRecord.user_id == ListRecord.user_id, SectionRecord.list_id == ListRecord.id
        )
        return await self._delete(
            ListRecord, ListRecord.deleted_at < before, ~has_tasks, ~has_sections
        )

    async def delete_user_rows(self, record: Any, user_id: str) -> int:
        """Delete rows of one user from one of the tables in `ERASED`."""
        return await self._delete(record, record.user_id == user_id)

    async def _delete(self, record: Any, *conditions: ColumnElement[bool]) -> int:
        key = tuple(record.__table__.primary_key)
        batch = select(*key).where(*conditions).limit(self._batch_size)
        deleted = await self._session.execute(
            delete(record)
            .where(tuple_(*key).in_(batch), *conditions)  # a row may be in use again since
            .returning(*key)
            .execution_options(synchronize_session=False)
        )
        return len(deleted.all())

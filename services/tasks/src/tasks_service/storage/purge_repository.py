"""What the `tasks_jobs` role deletes: rows past their time, whoever they belong to."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tasks_service.storage.records import (
    AnswerRecord,
    AttemptRecord,
    ChangeRecord,
    EventRecord,
    ListRecord,
    PendingRecord,
    TaskRecord,
)

_LOCK_SPACE: Final = 0x7461736B  # "task"
_PURGE_LOCK: Final = 1


class PurgeRepository:
    """Deletes one batch of one kind, in one transaction."""

    def __init__(self, session: AsyncSession, *, batch_size: int) -> None:
        self._session = session
        self._batch_size = batch_size

    async def try_lock(self) -> bool:
        """Become the only one that purges, until the transaction ends; False if somebody is."""
        lock = select(func.pg_try_advisory_xact_lock(_LOCK_SPACE, _PURGE_LOCK))
        return bool((await self._session.execute(lock)).scalar_one())

    async def answers(self, before: dt.datetime) -> int:
        """Delete answers kept under idempotency keys since before then."""
        key = (AnswerRecord.user_id, AnswerRecord.method, AnswerRecord.route, AnswerRecord.key)
        return await self._delete(AnswerRecord, key, AnswerRecord.created_at < before)

    async def attempts(self, before: dt.datetime) -> int:
        """Delete runs last seen before then."""
        key = (AttemptRecord.user_id, AttemptRecord.run_id)
        return await self._delete(AttemptRecord, key, AttemptRecord.seen_at < before)

    async def events(self, before: dt.datetime) -> int:
        """Delete changes that happened before then."""
        key = (EventRecord.user_id, EventRecord.seq)
        return await self._delete(EventRecord, key, EventRecord.occurred_at < before)

    async def changes(self, before: dt.datetime) -> int:
        """Delete the records of changes made before then."""
        key = (ChangeRecord.user_id, ChangeRecord.id)
        return await self._delete(ChangeRecord, key, ChangeRecord.occurred_at < before)

    async def pending(self, before: dt.datetime) -> int:
        """Delete pending changes that expired before then."""
        key = (PendingRecord.user_id, PendingRecord.id)
        return await self._delete(PendingRecord, key, PendingRecord.expires_at < before)

    async def tasks(self, before: dt.datetime) -> int:
        """Delete for good the tasks that were deleted before then."""
        return await self._delete(TaskRecord, (TaskRecord.id,), TaskRecord.deleted_at < before)

    async def lists(self, before: dt.datetime) -> int:
        """Delete for good the lists that were deleted before then and have no task left."""
        is_used = exists().where(
            TaskRecord.user_id == ListRecord.user_id, TaskRecord.list_id == ListRecord.id
        )
        return await self._delete(
            ListRecord, (ListRecord.id,), ListRecord.deleted_at < before, ~is_used
        )

    async def _delete(
        self,
        record: type[Any],
        key: tuple[InstrumentedAttribute[Any], ...],
        *conditions: ColumnElement[bool],
    ) -> int:
        batch = select(*key).where(*conditions).limit(self._batch_size)
        deleted = await self._session.execute(
            delete(record)
            .where(tuple_(*key).in_(batch))
            .returning(*key)
            .execution_options(synchronize_session=False)
        )
        return len(deleted.all())

"""What the `tasks_jobs` role deletes of one person: everything."""

from typing import Any, Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import (
    AnswerRecord,
    AttemptRecord,
    ChangeRecord,
    CounterRecord,
    EventRecord,
    ListRecord,
    PendingRecord,
    TaskRecord,
    TasksBase,
)

# Tasks go before the lists they refer to.
ERASED: Final[tuple[type[TasksBase], ...]] = (
    AttemptRecord,
    AnswerRecord,
    EventRecord,
    ChangeRecord,
    PendingRecord,
    TaskRecord,
    ListRecord,
    CounterRecord,
)


class ErasureRepository:
    """Deletes the rows of the person that the transaction is bound to."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def delete_some(self, record: Any, limit: int) -> int:
        """Delete at most `limit` rows of a table, and say how many it was."""
        key = tuple(record.__table__.primary_key)
        some = select(*key).where(record.user_id == self._user_id).limit(limit)
        deleted = await self._session.execute(
            delete(record)
            .where(tuple_(*key).in_(some))
            .returning(*key)
            .execution_options(synchronize_session=False)
        )
        return len(deleted.all())

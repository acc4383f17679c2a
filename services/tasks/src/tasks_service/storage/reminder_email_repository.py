"""Queries on whether a user gets reminders by e-mail."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import ReminderEmailRecord


class ReminderEmailRepository:
    """The row of one user, in one transaction bound to the user."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def find(self) -> ReminderEmailRecord | None:
        """Return the row."""
        return await self._session.get(ReminderEmailRecord, self._user_id)

    async def lock(self) -> ReminderEmailRecord:
        """Return the row, a new one if there is none, and lock it until the transaction ends."""
        await self._session.execute(
            insert(ReminderEmailRecord)
            .values(user_id=self._user_id, is_on=False)
            .on_conflict_do_nothing()
        )
        found = await self._session.scalars(
            select(ReminderEmailRecord)
            .where(ReminderEmailRecord.user_id == self._user_id)
            .with_for_update()
        )
        return found.one()

    async def start(
        self, address_digest: bytes, code_digest: bytes, expires_at: dt.datetime, tries: int
    ) -> None:
        """Store the digest of a code that was sent to an address; former codes become invalid."""
        record = await self.lock()
        record.pending_digest = address_digest
        record.code_digest = code_digest
        record.code_expires_at = expires_at
        record.tries_left = tries

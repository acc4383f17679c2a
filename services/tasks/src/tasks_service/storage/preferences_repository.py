"""A user's preferences."""

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.storage.records import PreferencesRecord
from todochat.contracts.tasks import Preferences


class PreferencesRepository:
    """The preferences of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def get(self) -> Preferences:
        """Return the preferences, or the defaults."""
        record = await self._session.get(PreferencesRecord, self._user_id)
        if record is None:
            return Preferences()
        return msgspec.convert(record, Preferences, from_attributes=True)

    async def save(self, preferences: Preferences) -> None:
        """Store the preferences."""
        values = msgspec.to_builtins(preferences)
        await self._session.execute(
            insert(PreferencesRecord)
            .values(user_id=self._user_id, **values)
            .on_conflict_do_update(index_elements=["user_id"], set_=values)
        )

"""The key that signs Web Push messages: from the settings, or created once per database."""

from typing import Final

from tasks_service.domain.web_push import VapidKey
from tasks_service.storage.delivery_repository import get_or_add_push_key
from tasks_service.storage.transaction import open_transaction
from todochat.database import Database
from todochat.settings import SettingsError

SETTING: Final = "TASKS_PUSH_PRIVATE_KEY"


class PushKeyProvider:
    """Loads the key on first use, so that the service starts without PostgreSQL.

    Args:
        database: connected as `tasks_jobs`; other roles can't read the key.
        private_key: of the settings; empty for the one in the database.

    Raises:
        SettingsError: `private_key` isn't a key.
    """

    def __init__(self, database: Database, private_key: str) -> None:
        self._database = database
        self._key: VapidKey | None = None
        if private_key:
            try:
                self._key = VapidKey(private_key)
            except ValueError as error:
                msg = f"setting {SETTING}: {error}"
                raise SettingsError(msg) from None

    async def get(self) -> VapidKey:
        """Return the key; the first process to ask creates it.

        Raises:
            UnavailableError: PostgreSQL is unreachable or overloaded.
        """
        if self._key is None:
            async with open_transaction(self._database, None) as session:
                stored = await get_or_add_push_key(session, VapidKey.generate())
            self._key = VapidKey(stored)
        return self._key

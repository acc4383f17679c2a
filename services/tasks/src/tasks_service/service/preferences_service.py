"""Use cases of a user's preferences."""

from http import HTTPStatus

import msgspec
from msgspec import UNSET, UnsetType

from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest, Written
from tasks_service.service.user_work import UserWork
from tasks_service.storage.preferences_repository import PreferencesRepository
from tasks_service.storage.transaction import open_transaction
from todochat.contracts.tasks import CompleteSubtasks, Preferences
from todochat.database import Database


class PreferencesService:
    """Reads and changes a user's preferences."""

    def __init__(self, database: Database, writer: IdempotentWriter) -> None:
        self._database = database
        self._writer = writer

    async def get(self, user_id: str) -> Preferences:
        """Return the preferences."""
        async with open_transaction(self._database, user_id) as session:
            return await PreferencesRepository(session, user_id).get()

    async def update(
        self, request: WriteRequest, *, complete_subtasks: CompleteSubtasks | UnsetType
    ) -> Written:
        """Change preferences; they aren't part of the change feed, and can't be undone."""

        async def change(work: UserWork) -> Preferences:
            preferences = await work.preferences.get()
            if complete_subtasks is not UNSET:
                preferences = msgspec.structs.replace(
                    preferences, complete_subtasks=complete_subtasks
                )
            await work.preferences.save(preferences)
            return preferences

        return await self._writer.write(request, HTTPStatus.OK, change)

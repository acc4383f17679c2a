"""Writes imported threads of the session's user."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from durable_chatkit.storage.item_repository import NewItem
from durable_chatkit.storage.thread_repository import ThreadRepository, ThreadRow

_UNIQUE_VIOLATION: Final = "23505"

_INSERT_ITEM: Final = text("""
    INSERT INTO items (thread_id, id, user_id, type, hidden, payload, created_at)
    VALUES (:thread_id, :id, :user_id, :type, :hidden, :payload, :created_at)
""")


class ImportRepository:
    """Writes inside one transaction, in which the user's row in `owners` is locked.

    Args:
        agent: owner of the imported threads.
    """

    def __init__(self, session: AsyncSession, user_id: str, agent: str) -> None:
        self._session = session
        self._user_id = user_id
        self._threads = ThreadRepository(session, agent)

    async def has_thread(self, thread_id: str) -> bool:
        """Return whether the user has this thread with the agent."""
        return await self._threads.load_thread(thread_id) is not None

    async def insert_thread(self, thread: ThreadRow) -> int | None:
        """Insert a thread; returns its conversation ID, None if its ID is taken by any user."""
        try:
            async with self._session.begin_nested():
                return await self._threads.insert_thread(thread, self._user_id)
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
                raise
            return None

    async def insert_items(self, items: Sequence[NewItem]) -> None:
        """Insert the items of a new thread."""
        if items:
            await self._session.execute(
                _INSERT_ITEM, [msgspec.structs.asdict(each) for each in items]
            )

"""Erases all data of a user."""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError

from tasks_service.errors import BusyError
from tasks_service.storage.purge_repository import ERASED, PurgeRepository
from tasks_service.storage.transaction import (
    limit_lock_waits,
    lock_timeout_as,
    open_transaction,
)
from todochat.database import Database

BATCH_SIZE: Final = 5_000
MAX_LOCK_WAIT_S: Final = 3.0

log = structlog.get_logger(__name__)


class TaskErasureService:
    """Deletes everything of a user: tasks, lists, changes, stored responses, run attempts.

    Each batch is its own transaction, so that none exceeds the statement timeout. Rows that are
    written while an erasure runs can remain. The caller prevents further writes and repeats the
    erasure.

    Args:
        database: connected as the `tasks_jobs` role, whose policies expose the rows of the user
            that the transaction is bound to.
        on_erased: called with the user's ID after an erasure; must not fail or wait.
    """

    def __init__(
        self,
        database: Database,
        on_erased: Callable[[str], None],
        *,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._database = database
        self._on_erased = on_erased
        self._batch_size = batch_size

    async def erase(self, user_id: str) -> None:
        """Delete all rows of a user and end their change feeds; a no-op if repeated.

        Raises:
            BusyError: changes of the user are still being written.
        """
        total = 0
        try:
            for record in ERASED:
                deleted = self._batch_size
                while deleted == self._batch_size:
                    deleted = await self._delete_batch(user_id, record)
                    total += deleted
        except IntegrityError as error:  # a task was added to a list that was about to be deleted
            raise BusyError from error
        self._on_erased(user_id)
        if total:
            log.info("user.erased", user_id=user_id, rows=total)

    async def _delete_batch(self, user_id: str, record: type[object]) -> int:
        async with open_transaction(self._database, user_id) as session:
            await limit_lock_waits(session, MAX_LOCK_WAIT_S)
            with lock_timeout_as(BusyError):
                repository = PurgeRepository(session, batch_size=self._batch_size)
                return await repository.delete_user_rows(record, user_id)

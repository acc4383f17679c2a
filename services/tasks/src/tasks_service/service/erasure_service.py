"""Forgetting a person for good."""

from typing import Final, Protocol

import structlog
from sqlalchemy.exc import IntegrityError

from tasks_service.errors import BusyError
from tasks_service.storage.erasure_repository import ERASED, ErasureRepository
from tasks_service.storage.transaction import (
    limit_lock_waits,
    lock_timeout_as,
    open_transaction,
)
from todochat.database import Database

BATCH_SIZE: Final = 5_000
MAX_LOCK_WAIT_S: Final = 3.0

log = structlog.get_logger(__name__)


class ErasureListener(Protocol):
    """Who wants to know that a person is gone."""

    def erased(self, user_id: str) -> None:
        """Take note; must not fail or wait."""


class ErasureService:
    """Deletes everything that belongs to a person: tasks, lists, changes, answers, attempts.

    It works in batches, each a transaction, so that nothing it does takes longer than a statement
    may. What is written meanwhile may stay: who asks for the erasure keeps the person from
    writing, and asks again.

    Args:
        database: as the `tasks_jobs` role, whose policies show it the person it is bound to.
    """

    def __init__(
        self, database: Database, listener: ErasureListener, *, batch_size: int = BATCH_SIZE
    ) -> None:
        self._database = database
        self._listener = listener
        self._batch_size = batch_size

    async def erase(self, user_id: str) -> None:
        """Delete what there is, and end the person's change feeds; done again, it does nothing.

        Raises:
            BusyError: the person's changes are still being written.
        """
        deleted = 0
        try:
            for record in ERASED:
                deleted += await self._erase_table(user_id, record)
        except IntegrityError as error:  # a task came into a list that was about to go
            raise BusyError from error
        self._listener.erased(user_id)
        if deleted:
            log.info("user.erased", user_id=user_id, rows=deleted)

    async def _erase_table(self, user_id: str, record: type[object]) -> int:
        total, last = 0, self._batch_size
        while last == self._batch_size:
            async with open_transaction(self._database, user_id) as session:
                await limit_lock_waits(session, MAX_LOCK_WAIT_S)
                with lock_timeout_as(BusyError):
                    repository = ErasureRepository(session, user_id)
                    last = await repository.delete_some(record, self._batch_size)
            total += last
        return total

"""Deletes expired rows."""

from typing import Final

import structlog

from auth_session.storage.purge import purge_expired
from todochat.clock import Clock
from todochat.database import Database

BATCH_SIZE: Final = 1_000
MAX_BATCHES: Final = 100

log = structlog.get_logger(__name__)


class PurgeService:
    """Deletes expired rows in short transactions, at most 100,000 of each kind per run."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def purge_expired_rows(self) -> dict[str, int]:
        """Delete expired rows; return the number of each kind."""
        total: dict[str, int] = {}
        for _ in range(MAX_BATCHES):
            async with self._database.transaction() as transaction:
                deleted = await purge_expired(transaction, self._clock(), BATCH_SIZE)
            for kind, count in deleted.items():
                total[kind] = total.get(kind, 0) + count
            if all(count < BATCH_SIZE for count in deleted.values()):
                break
        if any(total.values()):
            log.info("purge.done", **total)
        return total

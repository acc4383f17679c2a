"""Deletes expired rows in bounded batches."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from tasks_service.metrics import PURGED
from tasks_service.storage.purge_repository import PurgeRepository
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.http.idempotency import KEEP_DAYS

BATCH_SIZE: Final = 1_000
MAX_BATCHES: Final = 200  # of each kind in one purge; the rest waits for the next one

DeleteBatch = Callable[[PurgeRepository], Awaitable[int]]

log = structlog.get_logger(__name__)


class Purge:
    """Deletes expired rows, each batch in its own transaction, in one process at a time.

    Args:
        database: connected as the `tasks_jobs` role, whose policies expose expired rows to it.
        trash_days: how long deleted tasks and lists are kept.
        change_days: how long change records are kept.
        event_days: how long the changes of the feed are kept.
    """

    def __init__(
        self,
        database: Database,
        *,
        trash_days: int,
        change_days: int,
        event_days: int,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._database = database
        self._trash = dt.timedelta(days=trash_days)
        self._changes = dt.timedelta(days=change_days)
        self._events = dt.timedelta(days=event_days)
        self._batch_size = batch_size

    async def run(self, now: dt.datetime | None = None) -> dict[str, int]:
        """Purge once; return the number of deleted rows of each kind.

        Raises:
            UnavailableError: PostgreSQL is unreachable or overloaded.
        """
        moment = now or utc_now()
        keys = moment - dt.timedelta(days=KEEP_DAYS)
        trash = moment - self._trash
        kinds: dict[str, DeleteBatch] = {
            "answers": lambda purge: purge.delete_responses(keys),
            "attempts": lambda purge: purge.delete_attempts(keys),
            "events": lambda purge: purge.delete_events(moment - self._events),
            "changes": lambda purge: purge.delete_changes(moment - self._changes),
            "pending": lambda purge: purge.delete_pending_changes(keys),
            "tasks": lambda purge: purge.delete_tasks(trash),
            "sections": lambda purge: purge.delete_sections(trash),
            "lists": lambda purge: purge.delete_lists(trash),
            "filters": lambda purge: purge.delete_filters(trash),
            "tags": lambda purge: purge.delete_tags(trash),
            "tag_counts": lambda purge: purge.delete_tag_counts(),
        }
        counts = {kind: await self._delete_batches(delete) for kind, delete in kinds.items()}
        for kind, count in counts.items():
            PURGED.labels(kind).inc(count)
        if any(counts.values()):
            log.info("purge.done", **counts)
        return counts

    async def _delete_batches(self, delete_batch: DeleteBatch) -> int:
        total = 0
        for _ in range(MAX_BATCHES):
            async with open_transaction(self._database, None) as session:
                purge = PurgeRepository(session, batch_size=self._batch_size)
                if not await purge.try_lock():
                    return total
                deleted = await delete_batch(purge)
            total += deleted
            if deleted < self._batch_size:
                break
        return total

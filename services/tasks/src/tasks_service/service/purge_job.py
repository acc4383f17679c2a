"""The periodic job that deletes what has been kept long enough."""

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from tasks_service.metrics import PURGED
from tasks_service.storage.purge_repository import PurgeRepository
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.errors import UnavailableError
from todochat.http.idempotency import KEEP_DAYS

BATCH_SIZE: Final = 1_000
MAX_BATCHES: Final = 200  # of each kind in one round; what is left waits for the next one

Step = Callable[[PurgeRepository], Awaitable[int]]

log = structlog.get_logger(__name__)


class PurgeJob:
    """Deletes in small transactions; of all processes only one does so at any moment.

    Args:
        database: as the `tasks_jobs` role, whose policies let it see what may be purged.
    """

    def __init__(
        self,
        database: Database,
        *,
        interval_s: float,
        trash_days: int,
        event_days: int,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._database = database
        self._interval_s = interval_s
        self._trash = dt.timedelta(days=trash_days)
        self._events = dt.timedelta(days=event_days)
        self._batch_size = batch_size

    async def run(self) -> None:
        """Purge from time to time until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            try:
                await self.run_once()
            except UnavailableError as error:
                log.warning("purge.postponed", reason=error.detail)

    async def run_once(self, now: dt.datetime | None = None) -> dict[str, int]:
        """Purge once and return how many rows of each kind went."""
        moment = now or utc_now()
        once = moment - dt.timedelta(days=KEEP_DAYS)
        trash = moment - self._trash
        steps: dict[str, Step] = {
            "answers": lambda purge: purge.answers(once),
            "attempts": lambda purge: purge.attempts(once),
            "events": lambda purge: purge.events(moment - self._events),
            "changes": lambda purge: purge.changes(trash),
            "pending": lambda purge: purge.pending(once),
            "tasks": lambda purge: purge.tasks(trash),
            "lists": lambda purge: purge.lists(trash),
        }
        counts = {name: await self._run_step(step) for name, step in steps.items()}
        for kind, count in counts.items():
            PURGED.labels(kind).inc(count)
        if any(counts.values()):
            log.info("purge.done", **counts)
        return counts

    async def _run_step(self, step: Step) -> int:
        total = 0
        for _ in range(MAX_BATCHES):
            async with open_transaction(self._database, None) as session:
                purge = PurgeRepository(session, batch_size=self._batch_size)
                if not await purge.try_lock():
                    return total
                deleted = await step(purge)
            total += deleted
            if deleted < self._batch_size:
                break
        return total

"""How long the queue is, as far as acceptance has to know."""

import asyncio
import time
from typing import Final

import structlog

from durable_chatkit.storage.run_repository import RunRepository
from todochat.database.outage import is_outage

MAX_AGE_S: Final = 1.0
COUNT_TIMEOUT_S: Final = 1.0

log = structlog.get_logger(__name__)


class RunQueue:
    """Tells when too many runs wait for a worker.

    The length is counted at most once a second and the process's own acceptances are added in
    between, so several api processes together may overshoot by what they accept in a second. Without an
    answer of the database the queue counts as empty for that second: it isn't what is scarce then.
    """

    def __init__(self, runs: RunRepository, max_queued: int) -> None:
        self._runs = runs
        self._max_queued = max_queued
        self._length = 0
        self._counted_at = float("-inf")
        self._counting = asyncio.Lock()

    async def is_full(self) -> bool:
        """Return whether the queue takes no other run."""
        async with self._counting:
            if time.monotonic() - self._counted_at > MAX_AGE_S:
                self._length = await self._count()
                self._counted_at = time.monotonic()
        return self._length >= self._max_queued

    def count_accepted(self) -> None:
        """Count a run that this process has accepted."""
        self._length += 1

    async def _count(self) -> int:
        """Count; 0 if the database doesn't say in time, since acceptance will find out."""
        try:
            async with asyncio.timeout(COUNT_TIMEOUT_S):
                return await self._runs.count_queued()
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("queue.count_failed", error=error)
            return 0

"""Limits the number of queued runs for acceptance."""

import asyncio
import time
from typing import Final

import structlog

from durable_chatkit.storage.run_repository import RunRepository
from todochat.database.outage import is_outage

MAX_AGE_S: Final = 1.0
COUNT_TIMEOUT_S: Final = 1.0

log = structlog.get_logger(__name__)


class RunBacklog:
    """Reports whether too many runs are queued.

    The runs are counted at most once a second, and runs that this process accepts in between are
    added, so several API processes together may exceed the limit by the runs that they accept within
    a second. If the database doesn't respond in time, the backlog counts as empty for that second:
    acceptance itself will fail then.
    """

    def __init__(self, runs: RunRepository, max_queued: int) -> None:
        self._runs = runs
        self._max_queued = max_queued
        self._length = 0
        self._counted_at = float("-inf")
        self._counting = asyncio.Lock()

    async def is_full(self) -> bool:
        """Return whether the limit is reached."""
        async with self._counting:
            if time.monotonic() - self._counted_at > MAX_AGE_S:
                try:
                    async with asyncio.timeout(COUNT_TIMEOUT_S):
                        self._length = await self._runs.count_queued()
                except Exception as error:
                    if not is_outage(error):
                        raise
                    log.warning("queue.count_failed", error=error)
                    self._length = 0
                self._counted_at = time.monotonic()
        return self._length >= self._max_queued

    def count_accepted(self) -> None:
        """Add a run that this process has accepted."""
        self._length += 1

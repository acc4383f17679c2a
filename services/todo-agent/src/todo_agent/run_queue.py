"""How long the queue is, as far as acceptance has to know."""

import asyncio
import time
from typing import Final

from todo_agent.metrics import QUEUED_RUNS
from todo_agent.storage.run_repository import RunRepository

MAX_AGE_S: Final = 1.0


class RunQueue:
    """Tells when too many runs wait for a worker.

    The length is counted at most once a second and the process's own acceptances are added in
    between, so several api processes together may overshoot by what they accept in a second.
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
                self._length = await self._runs.count_queued()
                self._counted_at = time.monotonic()
                QUEUED_RUNS.set(self._length)
        return self._length >= self._max_queued

    def count_accepted(self) -> None:
        """Count a run that this process has accepted."""
        self._length += 1

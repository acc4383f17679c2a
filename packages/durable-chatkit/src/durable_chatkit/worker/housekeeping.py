"""What some worker has to do now and then; the database sees to it that only one does."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog

from durable_chatkit.storage.run_repository import PURGE_BATCH, RunRepository

Purge = Callable[[], Awaitable[int]]

log = structlog.get_logger(__name__)


class Housekeeping:
    """Purges what nobody needs any more: runs, journals, and what other purges know of.

    Args:
        others: each deletes a batch and returns how many rows went.
        every_s: between two purges.
    """

    def __init__(
        self,
        runs: RunRepository,
        others: Mapping[str, Purge] = MappingProxyType({}),
        *,
        every_s: float,
        keep_runs_s: float,
        keep_steps_s: float,
    ) -> None:
        self._runs = runs
        self._others = others
        self._every_s = every_s
        self._keep_runs_s = keep_runs_s
        self._keep_steps_s = keep_steps_s

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(self._every_s * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            try:
                await self.purge()
                await self.purge_others()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may work
                log.warning("worker.purge_failed", error=error)

    async def purge(self) -> None:
        """Delete what is old, a batch at a time, unless another worker is at it."""
        while True:
            purged = await self._runs.purge(
                keep_runs_s=self._keep_runs_s, keep_steps_s=self._keep_steps_s
            )
            if purged is None:
                return
            runs, steps = purged
            log.info("worker.purged", runs=runs, steps=steps)
            if runs < PURGE_BATCH and steps < PURGE_BATCH:
                return

    async def purge_others(self) -> None:
        """Delete the rest; two workers at it at the same time only share the work."""
        for name, purge in self._others.items():
            while purged := await purge():
                log.info("worker.purged", **{name: purged})

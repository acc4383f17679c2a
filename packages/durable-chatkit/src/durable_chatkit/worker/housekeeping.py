"""Deletes expired rows; the database ensures that concurrent workers don't repeat the work."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog

from durable_chatkit.storage.run_repository import PURGE_BATCH, RunRepository

Purge = Callable[[], Awaitable[int]]

log = structlog.get_logger(__name__)


class Housekeeping:
    """Deletes expired runs and journals, and the expired rows of other tables.

    Args:
        others: each deletes a batch and returns the number of deleted rows.
    """

    def __init__(
        self,
        runs: RunRepository,
        others: Mapping[str, Purge] = MappingProxyType({}),
        *,
        keep_runs_s: float,
        keep_steps_s: float,
    ) -> None:
        self._runs = runs
        self._others = others
        self._keep_runs_s = keep_runs_s
        self._keep_steps_s = keep_steps_s

    async def purge_all(self) -> None:
        """Delete all expired rows, in bounded batches."""
        await self.purge_runs()
        # Two workers that run these at the same time only share the work.
        for name, purge in self._others.items():
            while deleted := await purge():
                log.info("worker.purged", **{name: deleted})

    async def purge_runs(self) -> None:
        """Delete expired runs and journals, unless another worker is doing so."""
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

"""Keeps a worker's leases, and hears from PostgreSQL which runs are to stop."""

import asyncio
import time
from collections.abc import Mapping

import structlog

from durable_chatkit.storage.run import RunLease
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.active_run import ActiveRun
from durable_chatkit.worker.times import WorkerTimes

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """Renews all leases of a worker with one statement every `renew_s`.

    Args:
        active: the worker's runs by id; runs come and go while this one works.
    """

    def __init__(
        self,
        runs: RunRepository,
        worker_id: str,
        active: Mapping[str, ActiveRun],
        times: WorkerTimes,
    ) -> None:
        self._runs = runs
        self._worker_id = worker_id
        self._active = active
        self._times = times
        self._renewed_at = time.monotonic()
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Renew now: somebody wants a run to stop, and the renewal's answer tells which and why."""
        self._hurry.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            began = time.monotonic()
            await self._pause()
            if time.monotonic() - began >= self._times.stall_s:
                for run in self._active.values():
                    run.stalled = True
            self._hurry.clear()
            if self._active:
                await self._renew()
            else:
                self._renewed_at = time.monotonic()
            if time.monotonic() - self._renewed_at >= self._times.stop_s:
                self._give_up()

    async def _pause(self) -> None:
        # After a failed try the next one comes no later than the moment to give up.
        left_s = self._renewed_at + self._times.stop_s - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._times.renew_s, left_s))):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _renew(self) -> None:
        began = time.monotonic()
        known = dict(self._active)  # a run claimed from now on need not be in the answer
        positions = {run_id: run.log_position for run_id, run in known.items()}
        try:
            async with asyncio.timeout(self._times.try_s):
                leases = await self._runs.renew(self._worker_id, self._times.lease_s, positions)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try may work
            log.warning("worker.renewal_failed", error=error)
            return
        self._renewed_at = began
        self._apply(known, {lease.run_id: lease for lease in leases})

    def _apply(self, known: Mapping[str, ActiveRun], leases: Mapping[str, RunLease]) -> None:
        for run_id, run in known.items():
            lease = leases.get(run_id)
            if lease is None or lease.attempt != run.record.attempt:
                if not run.ended:
                    log.warning("run.lease_lost", run_id=run_id, attempt=run.record.attempt)
                run.release("another worker has the run")
            elif lease.cancel_requested:
                run.cancel(lease.cancel_reason)

    def _give_up(self) -> None:
        """Stop everything: the leases may end before the next renewal works."""
        for run in list(self._active.values()):
            run.release("the lease can't be renewed")

"""Renews a worker's leases, and learns from PostgreSQL which runs to cancel."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.run_handle import RunHandle
from todochat.telemetry.loop_watch import STALL_S

log = structlog.get_logger(__name__)


class WorkerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals and timeouts of a worker in seconds; tests shorten them.

    Args:
        lease_s: how long a claim lasts without renewal.
        renew_s: interval between two renewals of all leases.
        renew_timeout_s: timeout of one renewal.
        stop_s: a worker that could not renew for so long stops its runs' tools, before another
            worker can claim the runs.
        stall_s: a worker whose event loop was blocked or frozen for this long counts as crashed for
            the runs that it drove, even if it hands them over in order. Longer than `renew_s`.
        poll_s: interval between two polls for runs without a wake-up signal.
        settle_s: how long a cancelled or lost run may take to stop.
        housekeeping_s: interval between two purges.
    """

    lease_s: float = 6.0
    renew_s: float = 2.0
    renew_timeout_s: float = 1.5
    stop_s: float = 4.0
    stall_s: float = STALL_S
    poll_s: float = 1.0
    settle_s: float = 5.0
    housekeeping_s: float = 300.0


DEFAULT_TIMES: Final = WorkerTimes()


class LeaseKeeper:
    """Renews all leases of a worker with one statement every `renew_s`.

    Args:
        active: the worker's runs by ID; the worker adds and removes runs concurrently.
    """

    def __init__(
        self,
        runs: RunRepository,
        worker_id: str,
        active: Mapping[str, RunHandle],
        times: WorkerTimes,
    ) -> None:
        self._runs = runs
        self._worker_id = worker_id
        self._active = active
        self._times = times
        self._renewed_at = time.monotonic()
        self._hurry = asyncio.Event()

    def renew_now(self) -> None:
        """Renew now: cancellation was requested, and the renewal returns of which run and why."""
        self._hurry.set()

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            began = time.monotonic()
            # After a failed renewal, wait no longer than until the moment to give up.
            left_s = self._renewed_at + self._times.stop_s - began
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(self._times.renew_s, left_s))):
                    await self._hurry.wait()
            if time.monotonic() - began >= self._times.stall_s:
                for run in self._active.values():
                    run.stalled = True
            self._hurry.clear()
            if self._active:
                await self._renew()
            else:
                self._renewed_at = time.monotonic()
            if time.monotonic() - self._renewed_at >= self._times.stop_s:
                # The leases may expire before the next renewal succeeds.
                for run in list(self._active.values()):
                    run.release("the lease can't be renewed")

    async def _renew(self) -> None:
        began = time.monotonic()
        known = dict(self._active)  # a run claimed from now on may be missing from the result
        positions = {run_id: run.log_position for run_id, run in known.items()}
        try:
            async with asyncio.timeout(self._times.renew_timeout_s):
                renewed = await self._runs.renew(self._worker_id, self._times.lease_s, positions)
        except Exception as error:  # noqa: BLE001 - after any error the next renewal may succeed
            log.warning("worker.renewal_failed", error=error)
            return
        self._renewed_at = began
        leases = {lease.run_id: lease for lease in renewed}
        for run_id, run in known.items():
            lease = leases.get(run_id)
            if lease is None or lease.attempt != run.record.attempt:
                if not run.ended:
                    log.warning("run.lease_lost", run_id=run_id, attempt=run.record.attempt)
                run.release("another worker has the run")
            elif lease.cancel_requested:
                run.cancel(lease.cancel_reason)

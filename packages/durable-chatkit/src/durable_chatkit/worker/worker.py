"""The worker's loop: claims runs while it keeps up, drives them, releases them at shutdown."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from typing import Final

import structlog
from opentelemetry.trace import SpanKind

from durable_chatkit.metrics import (
    ACTIVE_RUNS,
    RUN_ATTEMPTS,
    RUN_FAILURES,
    RUN_SECONDS,
    RUNS,
    TAKEOVERS,
    WAIT_SECONDS,
)
from durable_chatkit.storage.run import RunRecord
from durable_chatkit.storage.run_repository import RunClaim, RunRepository
from durable_chatkit.worker import loop_lag
from durable_chatkit.worker.databases import WorkerDatabases
from durable_chatkit.worker.driver import DriverResources, RunDriver
from durable_chatkit.worker.leases import LeaseKeeper, WorkerTimes
from durable_chatkit.worker.run_handle import RunHandle, RunReleasedError
from todochat.bus import BusUnavailableError, RunLostError, WorkerChannels, wake
from todochat.bus.redis_client import RedisClient
from todochat.clock import utc_now
from todochat.telemetry.logging import begin_subject
from todochat.telemetry.tracing import TRACEPARENT, Attributes, record_past, span

OUTAGE_PAUSE_S: Final = 1.0
MAX_RELEASE_ATTEMPTS: Final = 30

log = structlog.get_logger(__name__)


class Worker:
    """Claims and drives runs until it drains.

    Args:
        agent: it claims only runs of this agent.
        databases: claims and leases have a separate pool. The worker claims nothing before the
            roles have been checked, which waits while PostgreSQL is unreachable.
        concurrency: most runs that it drives concurrently. It claims fewer while its event loop
            is late, which would delay the answers in progress; a worker without runs always claims.

    Attributes:
        active: the runs that it drives, by ID.
    """

    def __init__(
        self,
        worker_id: str,
        *,
        agent: str,
        databases: WorkerDatabases,
        redis: RedisClient,
        resources: DriverResources,
        concurrency: int,
        times: WorkerTimes,
    ) -> None:
        self.worker_id = worker_id
        self.active: dict[str, RunHandle] = {}
        self._databases = databases
        self._runs = runs = RunRepository(databases.leases, agent)
        self._redis = redis
        self._resources = resources
        self._concurrency = concurrency
        self._times = times
        self._leases = LeaseKeeper(runs, worker_id, self.active, times)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_late = False
        self._has_runs = asyncio.Event()
        self._may_have_room = asyncio.Event()
        self._draining = asyncio.Event()
        self._claiming = asyncio.Lock()  # held until a claimed run is in `active`
        self._loops: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Start to claim runs."""
        channels = await self._stack.enter_async_context(
            WorkerChannels(self._redis, self.worker_id)
        )
        channels.on_control(lambda _: self._leases.renew_now())
        self._loops = [
            asyncio.create_task(self._claim_runs(channels), name="worker-claims"),
            asyncio.create_task(self._leases.run(), name="worker-leases"),
            asyncio.create_task(self._watch_lag(), name="worker-lag"),
        ]
        log.info("worker.started", worker_id=self.worker_id, concurrency=self._concurrency)

    def stop_claiming(self) -> None:
        """Claim no more runs."""
        self._draining.set()
        self._may_have_room.set()

    async def aclose(self, timeout_s: float) -> None:
        """Let runs finish for `timeout_s`, release the others and stop."""
        self.stop_claiming()
        async with self._claiming:
            pass  # a claim that was on its way may still have got a run, which must be released, too
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=timeout_s)
        left = list(self.active.values())
        for run_handle in left:
            run_handle.release("the worker is shutting down")
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2 * self._times.settle_s)
        for task in (*self._loops, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._loops, *self._tasks, return_exceptions=True)
        await self._stack.aclose()
        log.info("worker.stopped", worker_id=self.worker_id, handed_over=len(left))

    async def _claim_runs(self, channels: WorkerChannels) -> None:
        await self._databases.wait_checked()
        while not self._draining.is_set():
            if self.active and (self._is_late or len(self.active) >= self._concurrency):
                self._may_have_room.clear()
                await self._may_have_room.wait()
                continue
            try:
                has_more = await self._claim_run()
            except Exception as error:  # noqa: BLE001 - after any error the next claim may succeed
                log.warning("worker.claim_failed", error=error)
                await asyncio.sleep(OUTAGE_PAUSE_S)
                has_more = False
            if not has_more:
                # Jitter keeps idle workers from polling at the same moment.
                await channels.wait_wake(self._times.poll_s * random.uniform(0.75, 1.25))  # noqa: S311

    async def _watch_lag(self) -> None:
        while True:
            await self._has_runs.wait()
            self._is_late = await loop_lag.measure_lag_s() > loop_lag.MAX_LAG_S
            if not self._is_late:
                self._may_have_room.set()

    async def _claim_run(self) -> bool:
        """Claim a run if one is waiting, and start to drive it; return whether more are waiting."""
        async with self._claiming:
            if self._draining.is_set():
                return False
            run = await self._runs.claim(self.worker_id, self._times.lease_s)
            if run is None:
                return False
            run_handle = self.active[run.run_id] = RunHandle(run)
            self._has_runs.set()
        if run.attempt == 1:
            WAIT_SECONDS.observe(_age_s(run))
        if run.taken_over:
            TAKEOVERS.inc()
        ACTIVE_RUNS.set(len(self.active))
        task = asyncio.create_task(self._drive(run_handle, run), name=f"run-{run.run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run.has_more

    async def _drive(self, run_handle: RunHandle, run: RunClaim) -> None:
        begin_subject(run_id=run.run_id, thread_id=run.thread_id, user_id=run.user_id)
        outcome = "handed-over"
        try:
            await self._drive_traced(run_handle, run)
            outcome = "ended"
        except RunLostError:
            outcome = "lost"
            log.warning("run.lost", attempt=run.attempt)
        except RunReleasedError as error:
            log.warning(
                "run.released",
                attempt=run.attempt,
                reason=str(error),
                error=error.__cause__,
                stalled=run_handle.stalled,
            )
            if run_handle.stalled:
                # Let the lease expire, which counts as a crash: a run that blocks every worker must
                # end as poisoned instead of being handed from one worker to the next indefinitely.
                outcome = "crashed"
            else:
                await self._release(run)
        except Exception:
            # Let the lease expire; a later attempt may succeed, the fourth claim ends the run.
            log.exception("run.crashed", attempt=run.attempt)
            outcome = "crashed"
        finally:
            RUN_ATTEMPTS.labels(outcome).inc()
            # A released run may have been claimed again in the meantime, even by this worker.
            if self.active.get(run.run_id) is run_handle:
                del self.active[run.run_id]
            if not self.active:
                self._has_runs.clear()
            ACTIVE_RUNS.set(len(self.active))
            self._may_have_room.set()

    async def _drive_traced(self, run_handle: RunHandle, run: RunClaim) -> None:
        """Drive a run within the trace of the request that created it, and count its end."""
        parent = {TRACEPARENT: run.traceparent or ""}
        attributes: Attributes = {"todochat.run_id": run.run_id, "todochat.attempt": run.attempt}
        if run.attempt == 1:
            record_past("queue", run.created_at, utc_now(), parent=parent, attributes=attributes)
        with span("run", parent=parent, kind=SpanKind.CONSUMER, attributes=attributes):
            log.info("run.claimed", attempt=run.attempt, type=run.request_type, crashes=run.crashes)
            ended = await RunDriver(self._resources, run_handle, run.opening).drive()
            log.info("run.ended", status=ended.status, error=ended.error)
        if not run.is_active:  # it had ended before this claim; only the end marker was missing
            return
        RUNS.labels(ended.status).inc()
        RUN_SECONDS.observe(_age_s(run))
        if ended.status == "failed":
            RUN_FAILURES.labels(ended.error or "unknown").inc()

    async def _release(self, run: RunRecord) -> None:
        """Return a run to the queue, retrying while PostgreSQL is unreachable.

        A lease that just expires would count as a crash of this worker, and three crashes end a run.
        That is what happens after MAX_RELEASE_ATTEMPTS, one per second.
        """
        for _ in range(MAX_RELEASE_ATTEMPTS):
            try:
                await self._runs.release(run.run_id, self.worker_id, run.attempt)
                break
            except Exception as error:  # noqa: BLE001 - after any error the next one may succeed
                log.warning("run.release_failed", run_id=run.run_id, error=error)
                await asyncio.sleep(OUTAGE_PAUSE_S)
        try:
            await wake(self._redis)
        except BusUnavailableError as error:  # a worker finds the run when it polls
            log.info("run.wake_failed", run_id=run.run_id, error=error)


def _age_s(run: RunRecord) -> float:
    return max(0.0, time.time() - run.created_at.timestamp())

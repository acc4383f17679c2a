"""The worker's loop: claim runs, drive them side by side, let go of them when it goes down."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
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
from durable_chatkit.storage.run_repository import RunRepository
from durable_chatkit.worker.active_run import ActiveRun
from durable_chatkit.worker.databases import WorkerDatabases
from durable_chatkit.worker.driver import RunDriver
from durable_chatkit.worker.driver_tools import DriverTools, RunOutcome
from durable_chatkit.worker.errors import RunReleasedError
from durable_chatkit.worker.leases import LeaseKeeper
from durable_chatkit.worker.times import WorkerTimes
from todochat.bus import BusUnavailableError, RunLostError, WorkerChannels, wake
from todochat.bus.redis_client import RedisClient
from todochat.clock import utc_now
from todochat.telemetry.logging import begin_subject
from todochat.telemetry.tracing import TRACEPARENT, Attributes, record_past, span

OUTAGE_PAUSE_S: Final = 1.0
RELEASE_TRIES: Final = 30

log = structlog.get_logger(__name__)


class Worker:
    """Claims and drives runs until told to drain.

    Args:
        databases: claims and leases have their own; nothing is claimed before its roles have been
            checked, which has to wait while PostgreSQL is away.
        concurrency: how many runs it drives at once.
    """

    def __init__(
        self,
        worker_id: str,
        *,
        databases: WorkerDatabases,
        redis: RedisClient,
        tools: DriverTools,
        concurrency: int,
        times: WorkerTimes,
    ) -> None:
        self.worker_id = worker_id
        self.active: dict[str, ActiveRun] = {}
        self._databases = databases
        self._runs = runs = RunRepository(databases.leases)
        self._redis = redis
        self._tools = tools
        self._concurrency = concurrency
        self._times = times
        self._leases = LeaseKeeper(runs, worker_id, self.active, times)
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._draining = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Begin to claim."""
        channels = await self._stack.enter_async_context(
            WorkerChannels(self._redis, self.worker_id)
        )
        channels.on_control(lambda _: self._leases.hurry())
        self._loops = [
            asyncio.create_task(self._claim_runs(channels), name="worker-claims"),
            asyncio.create_task(self._leases.run(), name="worker-leases"),
        ]
        log.info("worker.started", worker_id=self.worker_id, concurrency=self._concurrency)

    def stop_claiming(self) -> None:
        """Take no new runs from now on."""
        self._draining.set()
        self._freed.set()

    async def aclose(self, timeout_s: float) -> None:
        """Finish what `timeout_s` suffices for, hand the other runs to other workers, stop."""
        self.stop_claiming()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=timeout_s)
        left = list(self.active.values())
        for run in left:
            run.release("this worker goes down")
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
            if len(self.active) >= self._concurrency:
                self._freed.clear()
                await self._freed.wait()
                continue
            run = await self._claim()
            if run is not None:
                self._begin(run)
            else:
                # Jitter keeps idle workers from asking all at once.
                await channels.wait_wake(self._times.poll_s * random.uniform(0.75, 1.25))  # noqa: S311

    async def _claim(self) -> RunRecord | None:
        try:
            return await self._runs.claim(self.worker_id, self._times.lease_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try may work
            log.warning("worker.claim_failed", error=error)
            await asyncio.sleep(OUTAGE_PAUSE_S)
            return None

    def _begin(self, run: RunRecord) -> None:
        if run.attempt == 1:
            WAIT_SECONDS.observe(_age_s(run))
        if run.taken_over:
            TAKEOVERS.inc()
        active = ActiveRun(run)
        self.active[run.run_id] = active
        ACTIVE_RUNS.set(len(self.active))
        task = asyncio.create_task(self._drive(active), name=f"run-{run.run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drive(self, active: ActiveRun) -> None:
        run = active.record
        begin_subject(run_id=run.run_id, thread_id=run.thread_id, user_id=run.user_id)
        outcome = "handed-over"
        try:
            with _span_of(run):
                log.info(
                    "run.claimed", attempt=run.attempt, type=run.request_type, crashes=run.crashes
                )
                ended = await RunDriver(self._tools, active).drive()
                log.info("run.ended", status=ended.status, error=ended.error)
            outcome = "ended"
            _count_end(run, ended)
        except RunLostError:
            outcome = "lost"
            log.warning("run.lost", attempt=run.attempt)
        except RunReleasedError as error:
            log.warning(
                "run.released",
                attempt=run.attempt,
                reason=str(error),
                error=error.__cause__,
                stalled=active.stalled,
            )
            if active.stalled:
                # Its lease ends by itself and counts as a crash: a run that blocks every worker
                # must end as poisoned, and not be handed from one to the next for ever.
                outcome = "crashed"
            else:
                await self._release(run)
        except Exception:
            # The lease ends by itself; the next attempt may have more luck, the fourth is poisoned.
            log.exception("run.crashed", attempt=run.attempt)
            outcome = "crashed"
        finally:
            RUN_ATTEMPTS.labels(outcome).inc()
            # A run that was released may have been claimed again meanwhile, even by this worker.
            if self.active.get(run.run_id) is active:
                del self.active[run.run_id]
            ACTIVE_RUNS.set(len(self.active))
            self._freed.set()

    async def _release(self, run: RunRecord) -> None:
        """Let another worker have the run now, or as soon as PostgreSQL is back.

        A lease that just ended would count as a crash of this worker, and three of them end a
        run. If it can't be said for RELEASE_TRIES seconds, that is what happens.
        """
        for _ in range(RELEASE_TRIES):
            try:
                await self._runs.release(run.run_id, self.worker_id, run.attempt)
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may work
                log.warning("run.release_failed", run_id=run.run_id, error=error)
                await asyncio.sleep(OUTAGE_PAUSE_S)
        try:
            await wake(self._redis)
        except BusUnavailableError as error:  # then a worker finds it when it polls
            log.info("run.wake_failed", run_id=run.run_id, error=error)


def _age_s(run: RunRecord) -> float:
    return max(0.0, time.time() - run.created_at.timestamp())


def _count_end(run: RunRecord, ended: RunOutcome) -> None:
    """Count a run that this worker has ended; one that had ended before lacked its marker only."""
    if not run.is_active:
        return
    RUNS.labels(ended.status).inc()
    RUN_SECONDS.observe(_age_s(run))
    if ended.status == "failed":
        RUN_FAILURES.labels(ended.error or "unknown").inc()


@contextmanager
def _span_of(run: RunRecord) -> Iterator[None]:
    """Go on with the trace of the request that began the run, after its time in the queue."""
    parent = {TRACEPARENT: run.traceparent or ""}
    attributes: Attributes = {"todochat.run_id": run.run_id, "todochat.attempt": run.attempt}
    if run.attempt == 1:
        record_past("queue", run.created_at, utc_now(), parent=parent, attributes=attributes)
    with span("run", parent=parent, kind=SpanKind.CONSUMER, attributes=attributes):
        yield

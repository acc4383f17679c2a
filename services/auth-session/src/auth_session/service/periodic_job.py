"""A job that runs every so often for as long as the process lives."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog

from auth_session.metrics import JOB_FAILURES

STOP_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


class PeriodicJob(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, how often, and how long it may take; after a failure it is tried again sooner."""

    name: str
    run: Callable[[], Awaitable[object]]
    interval_s: float
    timeout_s: float
    retry_s: float = 5.0

    async def repeat(self, stopping: asyncio.Event) -> None:
        """Run again and again until `stopping` is set; failures are logged and counted."""
        while not stopping.is_set():
            pause_s = self.interval_s if await self._succeeds() else self.retry_s
            # Jitter keeps the processes of a deployment from working in step.
            pause_s *= random.uniform(0.9, 1.1)  # noqa: S311 - no secret
            try:
                await asyncio.wait_for(stopping.wait(), pause_s)
            except TimeoutError:
                continue

    async def _succeeds(self) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self.run()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next run may heal it
            JOB_FAILURES.labels(self.name).inc()
            log.warning("job.failed", job=self.name, error=error)
            return False
        return True


@asynccontextmanager
async def running(jobs: Sequence[PeriodicJob]) -> AsyncIterator[None]:
    """Repeat jobs while the context is open.

    At its end a run in progress gets 5 s to finish. It is not cancelled at once: redis-py can
    swallow a cancellation, and asyncpg leaves a half-made connection behind.
    """
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(job.repeat(stopping), name=job.name) for job in jobs]
    try:
        yield
    finally:
        stopping.set()
        _, late = await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)
        for task in late:
            log.warning("job.cancelled", job=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=STOP_TIMEOUT_S)

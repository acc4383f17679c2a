"""Background work of a process: jobs that repeat, loops that must not end, and how to stop both."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import msgspec
import structlog

RESTART_DELAY_S: Final = 1.0
START_APART_S: Final = 0.1
STOP_TIMEOUT_S: Final = 5.0
MAX_CANCELS: Final = 50
CANCEL_AGAIN_S: Final = 0.1
ABANDON_AFTER_S: Final = 10.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class PeriodicJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that runs every `interval_s` for as long as the process lives.

    Args:
        interval_s: pause after a run that succeeded.
        timeout_s: limit of one run; a run that takes longer has failed.
        retry_s: pause after a run that failed; `interval_s` if that is shorter.
        jitter: share by which each pause varies, so that the processes of a deployment don't
            work in step.
        waits_first: whether the first run comes after a pause.
        expected: errors that are logged in one line; others are logged with their traceback.
        on_failure: called with the job's name after each failure, e.g. to count it.
    """

    name: str
    run: Callable[[], Awaitable[object]]
    interval_s: float
    timeout_s: float
    retry_s: float = 5.0
    jitter: float = 0.1
    waits_first: bool = False
    expected: tuple[type[Exception], ...] = ()
    on_failure: Callable[[str], object] | None = None

    async def repeat(self, stopping: asyncio.Event, delay_s: float = 0.0) -> None:
        """Run until `stopping` is set; without `waits_first` for the first time after `delay_s`."""
        pause_s = self.interval_s if self.waits_first else delay_s
        while not await self._is_set_within(stopping, pause_s):
            succeeded = await self._run_once()
            pause_s = self.interval_s if succeeded else min(self.retry_s, self.interval_s)

    async def _run_once(self) -> bool:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self.run()
        except Exception as error:
            if isinstance(error, (TimeoutError, *self.expected)):
                log.warning("job.failed", job=self.name, error=error)
            else:
                log.exception("job.failed", job=self.name)
        else:
            return True
        if self.on_failure is not None:
            self.on_failure(self.name)
        return False

    async def _is_set_within(self, stopping: asyncio.Event, pause_s: float) -> bool:
        pause_s *= random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - no secret
        try:
            async with asyncio.timeout(pause_s):
                await stopping.wait()
        except TimeoutError:
            return stopping.is_set()
        return True


@asynccontextmanager
async def running_jobs(*jobs: PeriodicJob) -> AsyncIterator[None]:
    """Repeat jobs while the context is open; their first runs start 0.1 s apart.

    Started together, each would open a connection to PostgreSQL, and the pool would keep them all.

    At the context's end a run in progress gets 5 s to finish before it is cancelled: asyncpg leaves
    a half-made connection behind when it is cancelled while connecting.
    """
    stopping = asyncio.Event()
    tasks = [
        asyncio.create_task(job.repeat(stopping, number * START_APART_S), name=job.name)
        for number, job in enumerate(jobs)
    ]
    try:
        yield
    finally:
        stopping.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)
            for task in late:
                log.warning("job.cancelled", job=task.get_name())
            await asyncio.gather(*(stop_task(task) for task in late))


@asynccontextmanager
async def running_task(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` as a task while the context is open; stop it at the end."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        await stop_task(task)


async def run_forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; restart it after 1 s when it returns or fails.

    An unexpected error is logged: a process that looks healthy while one of its loops has ended
    would serve nobody until it is restarted.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("loop.crashed", loop=name)
        await asyncio.sleep(RESTART_DELAY_S)


async def run_cancellable(
    work: Coroutine[Any, Any, T], name: str, *, abandon_after_s: float = ABANDON_AFTER_S
) -> T:
    """Await code that may ignore cancellations; it gets a cancellation, and time to clean up.

    Code that ignores the cancellation for `abandon_after_s` is left behind, with a warning:
    a user who has pressed Stop, for example, must not wait forever.

    Raises:
        CancelledError: the caller was cancelled, or `work` cancelled itself.
        Exception: whatever `work` raises, also while it cleans up.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work, name=name)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        deadline = loop.time() + abandon_after_s
        while not task.done() and loop.time() < deadline:
            with suppress(asyncio.CancelledError):  # repeated ones don't shorten the time
                await asyncio.wait({task}, timeout=deadline - loop.time())
        if not task.done():
            log.warning("task.abandoned", task=name)
        elif not task.cancelled():
            return task.result()
        raise


async def stop_task(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended, for at most 5 s; the caller inspects its result.

    Cancelling once is not enough: redis-py awaits `asyncio.wait_for`, which below Python 3.12
    loses a cancellation that arrives when the awaited future has just finished
    (python/cpython#86296), and a loop around it then never ends.
    """
    for _ in range(MAX_CANCELS):
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        if task.done():
            return
    log.error("task.not_stopped", task=task.get_name())

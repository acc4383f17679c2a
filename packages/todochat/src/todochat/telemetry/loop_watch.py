"""Measures how late the event loop is, and fails liveness when it has been blocked.

A callback that blocks (a slow regular expression, `time.sleep`, a synchronous driver) stops
everything else in the process. A blocked loop can't answer `/health/live`, so a prober sees a
timeout. Once the loop runs again, liveness returns 503 for some seconds, so that a prober with any
timeout notices, and a repeatedly blocked process never passes.

A process that the operating system stopped (SIGSTOP, a paused container, a suspended laptop) was
late, too, but is healthy. A thread distinguishes the two: it runs while the loop is
blocked in code that releases the GIL, and code that holds the GIL uses CPU time. A stopped process
does neither.
"""

import asyncio
import faulthandler
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Final

import structlog
from litestar import Litestar

from todochat.background import stop_task
from todochat.telemetry.metrics import LOOP_LAG_SECONDS

BEAT_S: Final = 0.5
STALL_S: Final = 5.0
RECOVERY_S: Final = 10.0
# Share of a gap between two beats; below it, the process was stopped from outside.
LEAST_ACTIVITY: Final = 0.1

log = structlog.get_logger(__name__)


class LoopWatch:
    """Watches the event loop of one process.

    Args:
        stall_s: a loop that ran nothing for this long was blocked.
        recovery_s: how long liveness fails after that.
    """

    def __init__(self, *, stall_s: float = STALL_S, recovery_s: float = RECOVERY_S) -> None:
        self._stall_s = stall_s
        self._recovery_s = recovery_s
        self._beat_s = min(BEAT_S, stall_s / 10)
        self._exit_after_s: float | None = None
        self._stacks_after_s = inf
        self._failing_until = -inf
        self._ticks = 0
        self._cpu_at = 0.0
        self._beat_at: float | None = None  # while it isn't running

    def guard_process(self, exit_after_s: float) -> None:
        """Report stalls, and end them from outside of Python, which works while the GIL is held.

        After `stall_s`, or half of `exit_after_s`, the thread writes the stacks of all threads to
        stderr, once it has the GIL: reading them without it, as faulthandler's own timer does, can
        crash the process. After `exit_after_s` (0: never) SIGPROF writes the main thread's stack
        and ends the process, for deployments without liveness checks, and for a process that was
        never ready. The kernel sends it after this CPU time without a beat, the thread after this
        much of its own time: neither runs while the process is stopped. Only a whole process may
        be guarded, from its main thread.
        """
        self._exit_after_s = exit_after_s
        self._stacks_after_s = min(self._stall_s, exit_after_s / 2 or inf)
        faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)

    def is_failing(self) -> bool:
        """Return whether the loop was blocked in the last seconds; call it in the loop."""
        if self._beat_at is not None:
            self._beat(self._beat_at)  # this may be the first code that runs after a stall
        return time.monotonic() < self._failing_until

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the running loop."""
        closed = threading.Event()
        threading.Thread(target=self._tick, args=(closed,), name="loop-watch", daemon=True).start()
        self._beat(time.monotonic())
        task = asyncio.create_task(self._run(), name="loop-watch")
        try:
            yield
        finally:
            await stop_task(task)
            closed.set()
            self._beat_at = None
            if self._exit_after_s is not None:
                signal.setitimer(signal.ITIMER_PROF, 0)

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(self._beat_s)
            LOOP_LAG_SECONDS.observe(max(0.0, time.monotonic() - began - self._beat_s))
            self._beat(self._beat_at or began)

    def _tick(self, closed: threading.Event) -> None:
        while not closed.wait(self._beat_s):
            self._ticks += 1
            late_s = self._ticks * self._beat_s
            if late_s - self._beat_s < self._stacks_after_s <= late_s:
                faulthandler.dump_traceback()
            if self._exit_after_s and late_s >= self._exit_after_s:
                os.kill(os.getpid(), signal.SIGPROF)

    def _beat(self, last_at: float) -> None:
        now, cpu = time.monotonic(), time.process_time()
        gap_s = now - last_at
        activity_s = self._ticks * self._beat_s + cpu - self._cpu_at
        self._beat_at, self._cpu_at, self._ticks = now, cpu, 0
        if self._exit_after_s is not None:
            signal.setitimer(signal.ITIMER_PROF, self._exit_after_s)
        if gap_s < self._stall_s:
            return
        was_blocked = activity_s >= LEAST_ACTIVITY * gap_s
        log.error("loop.stalled", seconds=round(gap_s, 1), was_blocked=was_blocked)
        if was_blocked:
            self._failing_until = now + self._recovery_s


@asynccontextmanager
async def watch_loop(app: Litestar) -> AsyncIterator[None]:
    """Watch the loop while an application runs."""
    watch: LoopWatch = app.state.loop_watch
    async with watch.running():
        yield

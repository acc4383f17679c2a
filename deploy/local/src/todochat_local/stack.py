"""The running stack: starts the units of a plan, restarts those that end, stops them in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from todochat_local.child import Child, ChildError, ChildSpec, GuardProcess
from todochat_local.data_dir import DataDir
from todochat_local.launch_reporter import LaunchReporter
from todochat_local.log_file import read_tail
from todochat_local.plan import LaunchPlan, StartError, Unit
from todochat_local.state import describe, write_state

MAX_BACKOFF_VARIABLE: Final = "TODOCHAT_MAX_RESTART_DELAY_S"
MAX_BACKOFF_S: Final = 30.0  # without the variable
FIRST_BACKOFF_S: Final = 0.5
STABLE_S: Final = 60.0  # a unit that ran this long restarts without backoff
FIRST_PROBE_S: Final = 0.02
MAX_PROBE_S: Final = 0.2
LAST_LINES: Final = 20
TASK_WAVE: Final = -1  # running steps, such as initdb and migrations, end first
LIVENESS_PERIOD_S: Final = 5.0
LIVENESS_FAILURES: Final = 3
STALLED_GRACE_S: Final = 3.0  # a process with a blocked event loop can't handle its stop signal
STOP_MARGIN_S: Final = 5.0  # the guard sends SIGKILL after the grace period


class Stack:
    """All processes of one data directory.

    Args:
        lock_fd: held by the guard, so that a later launcher can wait until it has exited.
        max_backoff_s: limit of the growing delay before a unit that keeps ending is restarted.
    """

    def __init__(
        self,
        plan: LaunchPlan,
        data: DataDir,
        lock_fd: int,
        report: LaunchReporter,
        *,
        max_backoff_s: float,
    ) -> None:
        self._plan = plan
        self._max_backoff_s = max_backoff_s
        self._data = data
        self._guard = GuardProcess(lock_fd)
        self._report = report
        self._children: dict[str, Child] = {}
        self._running: set[Child] = set()  # includes those that are still starting
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}
        self._restarting: set[str] = set()  # units that are restarted by `restart`
        self._is_ready = False
        self._is_stopping = False

    async def start(self) -> None:
        """Start all units and steps, each as soon as its needs are ready.

        Raises:
            StartError: a unit or step failed; others may be running.
        """
        names = [*(step.name for step in self._plan.steps), *(u.name for u in self._plan.units)]
        self._done = {name: asyncio.Event() for name in names}
        try:
            async with asyncio.TaskGroup() as group:
                for step in self._plan.steps:
                    group.create_task(
                        self._when_ready(step.name, step.needs, partial(step.action, self))
                    )
                for unit in self._plan.units:
                    group.create_task(
                        self._when_ready(unit.name, unit.needs, partial(self._start_unit, unit))
                    )
        except* StartError as errors:
            raise first_error(errors) from None
        self._is_ready = True
        self._write_state()
        for unit in self._plan.units:
            self._keepers[unit.name] = asyncio.create_task(self._keep_running(unit))

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        """Run a program to completion.

        Raises:
            StartError: the program failed or timed out.
        """
        child = await self._spawn(spec)
        try:
            async with asyncio.timeout(timeout_s):
                status = await child.wait()
        except TimeoutError:
            child.kill()
            raise self._failure(child, f"timed out after {timeout_s:.0f} s") from None
        if status != 0:
            raise self._failure(child, f"failed ({status_text(status)})")

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop all processes in waves: callers before the services they call.

        Args:
            hurry: when set, remaining processes are killed.
        """
        self._is_stopping = True
        for keeper in self._keepers.values():
            keeper.cancel()
        waves = {unit.name: unit.stop_wave for unit in self._plan.units}
        for wave in sorted({TASK_WAVE, *waves.values()}):
            members = [c for c in self._running if waves.get(c.spec.name, TASK_WAVE) == wave]
            await self._stop_all(members, hurry)
        self._guard.close()
        self._data.state.unlink(missing_ok=True)

    def restart(self, names: Sequence[str]) -> None:
        """Restart the named units without backoff."""
        for name in names:
            self._restarting.add(name)
            self._children[name].stop()

    def watched_packages(self) -> list[str]:
        """Return the packages that units run."""
        return sorted({package for unit in self._plan.units for package in unit.watch})

    def units_watching(self, package: str) -> list[str]:
        """Return the units that run a package."""
        return [unit.name for unit in self._plan.units if package in unit.watch]

    async def _when_ready(
        self, name: str, needs: Sequence[str], action: Callable[[], Awaitable[str]]
    ) -> None:
        for need in needs:
            await self._done[need].wait()
        began = time.monotonic()
        detail = await action()
        self._report.ready(name, detail, time.monotonic() - began)
        self._done[name].set()

    async def _start_unit(self, unit: Unit) -> str:
        """Start a unit, wait until it is ready and return its URL.

        Raises:
            StartError: the unit ended or was not ready in time, and has been killed.
        """
        child = await self._spawn(unit.spec)
        self._children[unit.name] = child
        pause_s = FIRST_PROBE_S
        try:
            async with asyncio.timeout(unit.ready_timeout_s):
                while await unit.probe.problem():
                    if child.has_ended:
                        status = status_text(await child.wait())
                        raise self._failure(child, f"ended before it was ready ({status})")
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 1.3, MAX_PROBE_S)
        except TimeoutError:
            problem = await unit.probe.problem()
            child.kill()
            await child.wait()
            reason = f"was not ready within {unit.ready_timeout_s:.0f} s: {problem or 'too slow'}"
            raise self._failure(child, reason) from None
        return unit.url or ""

    async def _keep_running(self, unit: Unit) -> None:
        """Restart a unit whenever it ends, with an increasing backoff."""
        first_s = min(FIRST_BACKOFF_S, self._max_backoff_s)
        backoff_s = first_s
        while True:
            started_at = time.monotonic()
            child = self._children[unit.name]
            watch = asyncio.create_task(self._watch_liveness(unit, child))
            try:
                status = await child.wait()
            finally:
                watch.cancel()
            self._write_state()
            if unit.name in self._restarting or time.monotonic() - started_at > STABLE_S:
                backoff_s = first_s
            if unit.name not in self._restarting:
                self._report.ended(unit.name, status_text(status), backoff_s)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, self._max_backoff_s)
            self._restarting.discard(unit.name)
            started_at = time.monotonic()
            try:
                await self._start_unit(unit)
            except StartError as error:
                self._report.restart_failed(error)
            else:
                self._write_state()
                self._report.ready(unit.name, "running again", time.monotonic() - started_at)

    async def _watch_liveness(self, unit: Unit, child: Child) -> None:
        """Stop a process after LIVENESS_FAILURES failed probes in a row."""
        if unit.liveness is None:
            return
        problem, failures, took_s = "", 0, 0.0
        while failures < LIVENESS_FAILURES:
            await asyncio.sleep(max(0.0, LIVENESS_PERIOD_S - took_s))
            began = time.monotonic()
            problem = await unit.liveness.problem()
            took_s = time.monotonic() - began
            failures = failures + 1 if problem and unit.name not in self._restarting else 0
        self._report.stalled(unit.name, problem, failures)
        child.stop()
        await asyncio.sleep(STALLED_GRACE_S)
        child.kill()

    async def _spawn(self, spec: ChildSpec) -> Child:
        self._running = {child for child in self._running if not child.has_ended}
        try:
            child = Child.spawn(spec, self._data, self._guard)
            self._running.add(child)
            await child.started()
        except (ChildError, OSError) as error:
            raise StartError(spec.name, f"can't be started: {error}") from error
        return child

    async def _stop_all(self, children: Sequence[Child], hurry: asyncio.Event) -> None:
        """Stop children concurrently and wait until all have ended."""
        left = {asyncio.ensure_future(child.wait()): child for child in children}
        for child in children:
            child.kill() if hurry.is_set() else child.stop()
        in_hurry = asyncio.ensure_future(hurry.wait())
        timeout_s = max((child.spec.grace_s for child in children), default=0) + STOP_MARGIN_S
        try:
            async with asyncio.timeout(timeout_s):
                while left:
                    waiting = [*left, *([] if in_hurry.done() else [in_hurry])]
                    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for future in done & left.keys():
                        del left[future]
                    if in_hurry in done:
                        for child in left.values():
                            child.kill()
        except TimeoutError:
            names = ", ".join(child.spec.name for child in left.values())
            self._report.warn(f"still running: {names}")
        finally:
            in_hurry.cancel()

    def _write_state(self) -> None:
        """Write state.json; only warn if that fails, as on a full disk."""
        if not self._is_ready or self._is_stopping:
            return
        pids = {name: c.pid for name, c in self._children.items() if not c.has_ended}
        try:
            write_state(self._data, describe(self._data, self._plan, pids))
        except OSError as error:
            self._report.warn(f"can't write {self._data.state}: {error.strerror}")

    def _failure(self, child: Child, reason: str) -> StartError:
        path = self._data.log_path(child.spec.name)
        lines = read_tail(path, LAST_LINES, since=child.log_offset)
        return StartError(child.spec.name, reason, lines)


def first_error(errors: BaseExceptionGroup[StartError]) -> StartError:
    """Return the first error of a group; the others are usually its consequences."""
    error = errors.exceptions[0]
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error


def status_text(status: int) -> str:
    """Return an exit status in words."""
    return f"exit code {status}" if status >= 0 else f"signal {-status}"

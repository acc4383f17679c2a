"""The running stack: starts what a plan says, keeps it running, stops it in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from todochat_local.child import Child, ChildError, ChildSpec
from todochat_local.layout import DataDir
from todochat_local.log_file import read_tail
from todochat_local.plan import Plan, StartError, Unit
from todochat_local.report import Report
from todochat_local.state import describe, write_state

FIRST_BACKOFF_S: Final = 0.5
MAX_BACKOFF_S: Final = 30.0
STABLE_S: Final = 60.0  # having run for this long, the next failure counts as a first one
FIRST_PROBE_S: Final = 0.02
MAX_PROBE_S: Final = 0.2
LAST_LINES: Final = 20
TASK_WAVE: Final = -1  # initdb and migrations, if one is under way, end before everything else
LIVENESS_PERIOD_S: Final = 5.0
LIVENESS_FAILURES: Final = 3
STALLED_GRACE_S: Final = 3.0  # a process whose event loop is blocked can't obey its stop signal
STOP_MARGIN_S: Final = 5.0  # a guard kills when the grace is over; then it must be gone


class Stack:
    """All processes of one data directory.

    Args:
        lock_fd: held by every guard, so that a later launcher knows when all have ended.
    """

    def __init__(self, plan: Plan, data: DataDir, lock_fd: int, report: Report) -> None:
        self._plan = plan
        self._data = data
        self._lock_fd = lock_fd
        self._report = report
        self._children: dict[str, Child] = {}
        self._live: set[Child] = set()  # everything that runs, also what is only starting
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}
        self._wanted: set[str] = set()  # units that are restarted on purpose
        self._is_ready = False
        self._stopping = False

    async def start(self) -> None:
        """Start everything, each thing as soon as what it needs is ready.

        Raises:
            StartError: something could not start; the rest may be running.
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
                        self._when_ready(unit.name, unit.needs, partial(self._begin, unit))
                    )
        except* StartError as errors:
            raise _first(errors) from None
        self._is_ready = True
        self._write_state()
        for unit in self._plan.units:
            self._keepers[unit.name] = asyncio.create_task(self._keep(unit))

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        """Run a program to its end.

        Raises:
            StartError: it failed or took too long.
        """
        child = await self._spawn(spec)
        try:
            async with asyncio.timeout(timeout_s):
                status = await child.wait()
        except TimeoutError:
            child.kill()
            raise self._failure(child, f"took more than {timeout_s:.0f} s") from None
        if status != 0:
            raise self._failure(child, f"failed ({_status_text(status)})")

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop everything, callers before what they call.

        Args:
            hurry: when set, whatever is left is killed.
        """
        self._stopping = True
        for keeper in self._keepers.values():
            keeper.cancel()
        waves = {unit.name: unit.stop_wave for unit in self._plan.units}
        for wave in sorted({TASK_WAVE, *waves.values()}):
            members = [c for c in self._live if waves.get(c.spec.name, TASK_WAVE) == wave]
            await self._stop_all(members, hurry)
        self._data.state.unlink(missing_ok=True)

    def restart(self, names: Sequence[str]) -> None:
        """Stop the named units; they are started again at once."""
        for name in names:
            self._wanted.add(name)
            self._children[name].stop()

    def watched_packages(self) -> list[str]:
        """Return the packages whose code some unit runs."""
        return sorted({package for unit in self._plan.units for package in unit.watch})

    def units_watching(self, package: str) -> list[str]:
        """Return the units that run a package's code."""
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

    async def _begin(self, unit: Unit) -> str:
        await self._start_unit(unit)
        return unit.url or ""

    async def _start_unit(self, unit: Unit) -> None:
        """Start a unit and return when it is ready.

        Raises:
            StartError: it ended, or isn't ready in time; it has been stopped.
        """
        child = await self._spawn(unit.spec)
        self._children[unit.name] = child
        try:
            async with asyncio.timeout(unit.ready_timeout_s):
                await self._wait_ready(unit, child)
        except TimeoutError:
            problem = await unit.probe.problem()
            child.kill()
            await child.wait()
            reason = f"was not ready within {unit.ready_timeout_s:.0f} s: {problem or 'too slow'}"
            raise self._failure(child, reason) from None

    async def _wait_ready(self, unit: Unit, child: Child) -> None:
        pause_s = FIRST_PROBE_S
        while await unit.probe.problem():
            if child.has_ended:
                status = await child.wait()
                raise self._failure(child, f"ended at once ({_status_text(status)})")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.3, MAX_PROBE_S)

    async def _keep(self, unit: Unit) -> None:
        """Start a unit again whenever it ends, more slowly if it ends again and again."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            began = time.monotonic()
            status = await self._outlive(unit, self._children[unit.name])
            self._write_state()
            if unit.name in self._wanted or time.monotonic() - began > STABLE_S:
                backoff_s = FIRST_BACKOFF_S
            if unit.name not in self._wanted:
                self._report.ended(unit.name, _status_text(status), backoff_s)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, MAX_BACKOFF_S)
            self._wanted.discard(unit.name)
            await self._start_again(unit)

    async def _outlive(self, unit: Unit, child: Child) -> int:
        """Return the exit status of a process, which is stopped if it isn't alive any more."""
        watch = asyncio.create_task(self._watch_liveness(unit, child))
        try:
            return await child.wait()
        finally:
            watch.cancel()

    async def _watch_liveness(self, unit: Unit, child: Child) -> None:
        if unit.liveness is None:
            return
        problem, failures, took_s = "", 0, 0.0
        while failures < LIVENESS_FAILURES:
            await asyncio.sleep(max(0.0, LIVENESS_PERIOD_S - took_s))
            began = time.monotonic()
            problem = await unit.liveness.problem()
            took_s = time.monotonic() - began
            failures = failures + 1 if problem and unit.name not in self._wanted else 0
        self._report.stalled(unit.name, problem, failures)
        child.stop()
        await asyncio.sleep(STALLED_GRACE_S)
        child.kill()

    async def _start_again(self, unit: Unit) -> None:
        began = time.monotonic()
        try:
            await self._start_unit(unit)
        except StartError as error:
            self._report.failed_again(error)
        else:
            self._write_state()
            self._report.ready(unit.name, "running again", time.monotonic() - began)

    async def _spawn(self, spec: ChildSpec) -> Child:
        self._live = {child for child in self._live if not child.has_ended}
        try:
            child = Child.spawn(spec, self._data, self._lock_fd)
            self._live.add(child)
            await child.started()
        except (ChildError, OSError) as error:
            raise StartError(spec.name, f"can't be started: {error}") from error
        return child

    async def _stop_all(self, children: Sequence[Child], hurry: asyncio.Event) -> None:
        """Stop children at once and wait until all have ended."""
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
            self._report.warn(f"still not ended: {names}")
        finally:
            in_hurry.cancel()

    def _write_state(self) -> None:
        """Say what runs; a full disk is no reason to stop it."""
        if not self._is_ready or self._stopping:
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


def _first(errors: BaseExceptionGroup[StartError]) -> StartError:
    """Return the first of the errors; the others are mostly its consequences."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _status_text(status: int) -> str:
    return f"exit code {status}" if status >= 0 else f"signal {-status}"

"""The launcher: takes the lock, starts the stack, waits for a stop signal, stops everything."""

import asyncio
import json
import os
import resource
import signal
import time
from collections.abc import Callable
from typing import Final

from todochat.private_files import write_private
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.launch_reporter import LaunchReporter
from todochat_local.lock import DataDirLock
from todochat_local.log_file import LogFollower
from todochat_local.log_line import LineFormat
from todochat_local.plan import LaunchPlan, StartError, UpOptions
from todochat_local.port import PortError
from todochat_local.source_watch import watch_sources
from todochat_local.stack import MAX_BACKOFF_S, MAX_BACKOFF_VARIABLE, Stack

FOLLOW_S: Final = 0.1
OPEN_FILES: Final = 65_536
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PlanBuilder = Callable[[UpOptions, DataDir], LaunchPlan]


class Launcher:
    """One run of `todochat up`.

    Args:
        on_ready: called once when the stack is ready.
        show_logs: also write the logs of all processes.
    """

    def __init__(
        self,
        options: UpOptions,
        build_plan: PlanBuilder,
        *,
        write: Callable[[str], None],
        color: bool,
        show_logs: bool,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._build_plan = build_plan
        self._write = write
        self._format = LineFormat(color=color)
        self._report = LaunchReporter(write, self._format)
        self._show_logs = show_logs
        self._on_ready = on_ready
        self._data = DataDir(options.data_dir)
        self._started_at = time.monotonic()

    def run(self) -> int:
        """Run until a stop signal; return the exit code."""
        given = self._options.environ.get(MAX_BACKOFF_VARIABLE, "")
        try:
            max_backoff_s = float(given) if given else MAX_BACKOFF_S
        except ValueError:
            self._report.warn(f"{MAX_BACKOFF_VARIABLE}={given} is no number of seconds")
            return 1
        try:
            self._data.prepare()
            lock = DataDirLock(self._data)
            lock.acquire(self._report.info, pid=os.getpid())
        except DataDirError as error:
            self._report.warn(str(error))
            return 1
        try:
            self._data.state.unlink(missing_ok=True)
            plan = self._plan()
            # The edge and the gateway hold many streams; the usual soft limit is 1,024 or less.
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
            if soft != resource.RLIM_INFINITY and soft < wanted:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return asyncio.run(self._serve(plan, lock.children_fd, max_backoff_s))
        except (DataDirError, PortError) as error:
            self._report.warn(str(error))
            return 1
        finally:
            lock.release()

    def _plan(self) -> LaunchPlan:
        """Build the plan and write the settings for `todochat admin`.

        Raises:
            DataDirError: the data directory can't be used or written.
            PortError: a port is not available.
        """
        try:
            plan = self._build_plan(self._options, self._data)
            settings = json.dumps(plan.admin_environment, indent=1)
            write_private(self._data.admin_environment, settings)
        except OSError as error:
            msg = f"can't use {error.filename or self._data.path}: {error.strerror or error}"
            raise DataDirError(msg) from error
        return plan

    async def _serve(self, plan: LaunchPlan, lock_fd: int, max_backoff_s: float) -> int:
        stop, hurry = asyncio.Event(), asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                hurry.set()
            stop.set()

        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
        for note in plan.notes:
            self._report.info(note)
        stack = Stack(plan, self._data, lock_fd, self._report, max_backoff_s=max_backoff_s)
        follower = asyncio.create_task(self._follow_logs(plan)) if self._show_logs else None
        try:
            return await self._run_stack(plan, stack, stop)
        finally:
            await stack.stop(hurry)
            if follower is not None:
                follower.cancel()
            self._report.info("stopped")

    async def _run_stack(self, plan: LaunchPlan, stack: Stack, stop: asyncio.Event) -> int:
        stopped = asyncio.create_task(stop.wait())
        started = asyncio.create_task(stack.start())
        try:
            await asyncio.wait({stopped, started}, return_when=asyncio.FIRST_COMPLETED)
            if not started.done():
                return 1
            started.result()
        except StartError as error:
            self._report.failed(error, self._data)
            return 1
        finally:
            started.cancel()
        self._report.all_ready(plan.edge, time.monotonic() - self._started_at, self._data)
        self._on_ready()
        watcher = asyncio.create_task(self._watch_sources(stack))
        await stopped
        watcher.cancel()
        self._report.info("stopping (Ctrl-C again: kill)")
        return 0

    async def _follow_logs(self, plan: LaunchPlan) -> None:
        """Write the new log lines of all processes until cancelled."""
        followers = {
            unit.name: LogFollower(self._data.log_path(unit.name), from_end=True)
            for unit in plan.units
        }
        while True:
            for name, follower in followers.items():
                for line in follower.new_lines():
                    self._write(self._format.format(name, line))
            await asyncio.sleep(FOLLOW_S)

    async def _watch_sources(self, stack: Stack) -> None:
        if not self._options.reload:
            return
        async for package in watch_sources(stack.watched_packages()):
            names = stack.units_watching(package)
            self._report.info(f"{package} changed, restarting {', '.join(names)}")
            stack.restart(names)

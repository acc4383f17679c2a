"""The launcher: `todochat up` from the lock to the last process stopped."""

import asyncio
import json
import os
import resource
import signal
import time
from collections.abc import Callable
from typing import Final

from todochat.private_files import write_private
from todochat_local.layout import DataDir, DataDirError
from todochat_local.lock import Lock
from todochat_local.log_file import LogFollower
from todochat_local.log_line import LineFormat
from todochat_local.options import UpOptions
from todochat_local.plan import Plan, StartError
from todochat_local.port import PortError
from todochat_local.report import Report
from todochat_local.source_watch import watch_sources
from todochat_local.stack import Stack

FOLLOW_S: Final = 0.1
OPEN_FILES: Final = 65_536
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PlanBuilder = Callable[[UpOptions, DataDir], Plan]


class Launcher:
    """One run of `todochat up`.

    Args:
        on_ready: called once when everything answers.
        show_logs: copy what the processes log to the report.
    """

    def __init__(
        self,
        options: UpOptions,
        build_plan: PlanBuilder,
        *,
        write: Callable[[str], None],
        colour: bool,
        show_logs: bool,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._build_plan = build_plan
        self._write = write
        self._format = LineFormat(colour=colour)
        self._report = Report(write, self._format)
        self._show_logs = show_logs
        self._on_ready = on_ready
        self._data = DataDir(options.data_dir)
        self._began = time.monotonic()

    def run(self) -> int:
        """Run until told to stop; return the exit code."""
        try:
            self._data.prepare()
            lock = Lock(self._data)
            lock.acquire(self._report.info, pid=os.getpid())
        except DataDirError as error:
            self._report.warn(str(error))
            return 1
        try:
            self._data.state.unlink(missing_ok=True)
            plan = self._plan()
            _raise_open_files_limit()
            return asyncio.run(self._serve(plan, lock.children_fd))
        except (DataDirError, PortError) as error:
            self._report.warn(str(error))
            return 1
        finally:
            lock.release()

    def _plan(self) -> Plan:
        """Plan the launch and write down what other commands need.

        Raises:
            DataDirError: the data can't be used, or not be written.
            PortError: a port can't be had.
        """
        try:
            plan = self._build_plan(self._options, self._data)
            settings = json.dumps(plan.admin_environment, indent=1)
            write_private(self._data.admin_environment, settings)
        except OSError as error:
            msg = f"can't use {error.filename or self._data.path}: {error.strerror or error}"
            raise DataDirError(msg) from error
        return plan

    async def _serve(self, plan: Plan, lock_fd: int) -> int:
        stop, hurry = asyncio.Event(), asyncio.Event()
        self._handle_signals(stop, hurry)
        for note in plan.notes:
            self._report.info(note)
        stack = Stack(plan, self._data, lock_fd, self._report)
        follower = asyncio.create_task(self._follow_logs(plan)) if self._show_logs else None
        try:
            return await self._start_and_wait(plan, stack, stop)
        finally:
            await stack.stop(hurry)
            if follower is not None:
                follower.cancel()
            self._report.info("stopped")

    async def _start_and_wait(self, plan: Plan, stack: Stack, stop: asyncio.Event) -> int:
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
        self._report.all_ready(plan.edge, time.monotonic() - self._began, self._data)
        self._on_ready()
        watcher = asyncio.create_task(self._watch_sources(stack))
        await stopped
        watcher.cancel()
        self._report.info("stopping (again: at once)")
        return 0

    def _handle_signals(self, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        def on_signal() -> None:
            if stop.is_set():
                hurry.set()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, on_signal)

    async def _follow_logs(self, plan: Plan) -> None:
        """Copy new log lines of all processes, until cancelled."""
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


def _raise_open_files_limit() -> None:
    """Let the edge and the gateway hold many streams; the usual soft limit is 1,024 or less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

"""One process of the stack, controlled through the guard."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from todochat_local import guard
from todochat_local.data_dir import DATA_DIR_VARIABLE, DataDir

GUARD_COMMAND: Final = (sys.executable, "-I", "-S", guard.__file__)
GUARD_START_TIMEOUT_S: Final = 10.0
GUARD_EXIT_TIMEOUT_S: Final = 1.0
ORPHAN_GRACE_S: Final = 5.0
LOG_MAX_BYTES: Final = 5 * 1024 * 1024
LOG_FILES: Final = 3
LOST_GUARD: Final = -int(signal.SIGKILL)


class ChildError(Exception):
    """A process could not be started."""


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """The command, environment, user and stop behavior of one process."""

    name: str  # names its log and its record; unique among running processes
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path = Path("/")
    uid: int = -1  # -1: the launcher's user
    gid: int = -1
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0


class GuardProcess:
    """The guard of all children; a killed one is replaced when the next child is started.

    Args:
        lock_fd: an open lock that the guard holds until it exits.
    """

    def __init__(self, lock_fd: int) -> None:
        self._lock_fd = lock_fd
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def connect(self) -> tuple[BinaryIO, BinaryIO]:
        """Return the pipes for the orders and of the reports of a new child."""
        orders, orders_writer = os.pipe()
        reports_reader, reports = os.pipe()
        pipes = os.fdopen(orders_writer, "wb", 0), os.fdopen(reports_reader, "rb", 0)
        try:
            self._send([orders, reports])
        finally:
            os.close(orders)
            os.close(reports)
        return pipes

    def close(self) -> None:
        """End the guard; return when it has exited, at most after 1 s."""
        if self._process is None or self._requests is None:
            return
        self._requests.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GUARD_EXIT_TIMEOUT_S)

    def _send(self, fds: list[int]) -> None:
        try:
            socket.send_fds(self._requests or self._start(), [b"g"], fds)
        except ConnectionError:
            self.close()
            socket.send_fds(self._start(), [b"g"], fds)

    def _start(self) -> socket.socket:
        self._requests, requests = socket.socketpair()
        with requests:
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [*GUARD_COMMAND, str(self._lock_fd)],
                stdin=requests.fileno(),
                stdout=subprocess.DEVNULL,
                pass_fds=[self._lock_fd],
                cwd="/",
                start_new_session=True,
            )
        return self._requests


class Child:
    """One running process; `pid` is its own, not the guard's."""

    def __init__(self, spec: ChildSpec, orders: BinaryIO, reports: BinaryIO, data: DataDir) -> None:
        self.spec = spec
        self.pid = 0
        log = data.log_path(spec.name)
        self.log_offset = log.stat().st_size if log.exists() else 0
        self._orders = orders
        self._reports = reports
        self._mark = ""
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    def spawn(cls, spec: ChildSpec, data: DataDir, guard_process: GuardProcess) -> "Child":
        """Send the guard the process to run; await `started` for the result."""
        child = cls(spec, *guard_process.connect(), data)
        child._reader = asyncio.create_task(child._read_reports())
        config = guard.GuardConfig(
            command=list(spec.command),
            env={**spec.env, DATA_DIR_VARIABLE: str(data.path)},
            cwd=str(spec.cwd),
            uid=spec.uid,
            gid=spec.gid,
            stop_signal=int(spec.stop_signal),
            grace_s=spec.grace_s,
            orphan_grace_s=min(spec.grace_s, ORPHAN_GRACE_S),
            log_path=str(data.log_path(spec.name)),
            log_max_bytes=LOG_MAX_BYTES,
            log_files=LOG_FILES,
            record_path=str(data.run / f"{spec.name}.pid"),
        )
        child._send(config.encode())
        return child

    async def started(self) -> None:
        """Wait until the process is running.

        Raises:
            ChildError: the guard timed out, could not fork, or could not open the log.
        """
        try:
            await asyncio.wait_for(asyncio.shield(self._started), GUARD_START_TIMEOUT_S)
        except TimeoutError:
            self.kill()
            msg = f"the guard did not start it within {GUARD_START_TIMEOUT_S:.0f} s"
            raise ChildError(msg) from None

    @property
    def has_ended(self) -> bool:
        """Return whether the process has exited."""
        return self._status.done()

    async def wait(self) -> int:
        """Wait for the process and return its exit status; a negative one is a signal."""
        return await asyncio.shield(self._status)

    def stop(self) -> None:
        """Send the process its stop signal, and SIGKILL after its grace period."""
        self._send(guard.ORDER_STOP)

    def kill(self) -> None:
        """Send SIGKILL to the process and its descendants."""
        self._send(guard.ORDER_KILL)

    def _send(self, data: bytes) -> None:
        if self._orders.closed:
            return
        try:
            self._orders.write(data)
        except BrokenPipeError:
            return  # the child has ended; the reports have the status

    async def _read_reports(self) -> None:
        """Read the guard's reports until the process or the guard has ended."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._reports
        )
        status = LOST_GUARD
        while line := (await reader.readline()).decode():
            word, _, rest = line.strip().partition(" ")
            if word == "started":
                self.pid, self._mark = int(rest), guard.start_mark(int(rest))
                self._started.set_result(None)
            elif word == "exited":
                status = int(rest)
            elif not self._started.done():
                self._started.set_exception(ChildError(rest))
        transport.close()
        if not self._started.done():
            self._started.set_exception(ChildError("the guard exited"))
        if status == LOST_GUARD and self.pid and guard.start_mark(self.pid) == self._mark != "":
            guard.send_group(self.pid, signal.SIGKILL)  # only the guard was killed
        self._orders.close()
        self._status.set_result(status)

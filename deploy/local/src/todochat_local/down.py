"""`todochat down`: stops the launcher and waits until all processes have ended."""

import signal
import time
from collections.abc import Callable
from typing import Final

from todochat_local import guard
from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.lock import DataDirLock, launcher_pid

STOP_TIMEOUT_S: Final = 90.0
POLL_S: Final = 0.05


def stop_launcher(data: DataDir, write: Callable[[str], None]) -> int:
    """Stop the stack on this data directory; return the exit code, 0 if none is running."""
    if not data.exists():
        write(f"nothing to stop: {data.path} does not exist")
        return 0
    pid = launcher_pid(data)
    if pid is None:
        return end_leftover_processes(data, write)
    if pid <= 0:  # as an argument of kill, that is a process group
        write(f"another command is starting or cleaning up on {data.path}: try again in a moment")
        return 1
    guard.send(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while launcher_pid(data) == pid:
        if time.monotonic() > deadline:
            write(f"process {pid} did not end within {STOP_TIMEOUT_S:.0f} s")
            return 1
        time.sleep(POLL_S)
    write("stopped")
    return 0


def end_leftover_processes(data: DataDir, write: Callable[[str], None]) -> int:
    """Wait for the processes of a killed launcher, and end those without the guard."""
    lock = DataDirLock(data)
    try:
        lock.acquire(write)
    except DataDirError as error:
        write(str(error))
        return 1
    data.state.unlink(missing_ok=True)
    lock.release()
    write("no stack is running")
    return 0

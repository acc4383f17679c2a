"""Locks a data directory, after all processes of an earlier launcher have ended."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Final

from todochat.private_files import lock_within
from todochat_local import guard
from todochat_local.data_dir import DATA_DIR_VARIABLE, DataDir, DataDirError
from todochat_local.shell_command import shell_command

# The guard without its launcher needs at most ORPHAN_GRACE_S (5 s) and a moment.
GUARD_TIMEOUT_S: Final = 12.0
LEFTOVER_GRACE_S: Final = 5.0
LOCK_TIMEOUT_S: Final = 0.5  # `status` holds the lock for a moment to see whether it is free
PID_TIMEOUT_S: Final = 1.0  # a launcher writes its PID right after it takes the lock
POLL_S: Final = 0.05


class DataDirLock:
    """The lock of the process that may change a data directory; released when the process ends."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._fd = os.open(data.lock, os.O_RDWR | os.O_CREAT, 0o600)
        self.children_fd = -1

    def acquire(self, write: Callable[[str], None], *, pid: int | None = None) -> None:
        """Take the lock and end the processes of a killed launcher.

        Args:
            pid: the launcher's, so that `down` can signal it; None for other commands.

        Raises:
            DataDirError: another launcher is running, or a process of an earlier one can't be
                ended.
        """
        is_locked = lock_within(self._fd, LOCK_TIMEOUT_S)
        # `reset` can delete the file after it was opened and before it was locked.
        if not is_locked or os.fstat(self._fd).st_nlink == 0:
            raise DataDirError(self._in_use_message())
        os.ftruncate(self._fd, 0)
        if pid is not None:
            try:
                os.pwrite(self._fd, f"{pid}\n".encode(), 0)
            except OSError as error:
                msg = f"can't write {self._data.lock}: {error.strerror}"
                raise DataDirError(msg) from error
        # The guard holds the second lock; when it is free, none of its processes is running.
        self.children_fd = os.open(self._data.children_lock, os.O_RDWR | os.O_CREAT, 0o600)
        if not lock_within(self.children_fd, 0):
            write("waiting for the processes of an earlier start to end")
            if not lock_within(self.children_fd, GUARD_TIMEOUT_S):
                msg = f"processes of an earlier start are still running on {self._data.path}"
                raise DataDirError(msg)
        for message in end_leftovers(self._data):
            write(message)
        fcntl.flock(self.children_fd, fcntl.LOCK_SH)

    def release(self) -> None:
        """Release the lock."""
        os.ftruncate(self._fd, 0)
        for fd in (self.children_fd, self._fd):
            if fd >= 0:
                os.close(fd)

    def _in_use_message(self) -> str:
        pid = launcher_pid(self._data)
        if not pid:
            return f"another command is using {self._data.path}: try again in a moment"
        status, down = (shell_command(name, self._data) for name in ("status", "down"))
        return (
            f"todochat is already running on {self._data.path} (process {pid}); "
            f"`{status}` shows its state, `{down}` stops it"
        )


def launcher_pid(data: DataDir) -> int | None:
    """Return the PID of the launcher on this data directory, or None.

    0 is a process without a PID in the lock: a launcher that has just started, or another command.
    This takes a shared lock, so that concurrent callers don't see each other as a launcher.
    """
    try:
        fd = os.open(data.lock, os.O_RDWR)
    except FileNotFoundError:
        return None
    deadline = time.monotonic() + PID_TIMEOUT_S
    try:
        while not lock_within(fd, 0, fcntl.LOCK_SH):
            text = os.pread(fd, 32, 0).decode().strip()
            if text or time.monotonic() >= deadline:
                return int(text or 0)
            time.sleep(POLL_S)
    finally:
        os.close(fd)
    return None


def end_leftovers(data: DataDir) -> Iterator[str]:
    """End processes if the guard was killed together with the launcher; yield a message for each.

    A process is ended only if its PID, its start time and the data directory in its environment
    match the record.
    """
    for path in sorted(data.run.glob("*.pid")):
        try:
            record = guard.ChildRecord.parse(path.read_text(encoding="ascii"))
        except ValueError:
            yield f"{path} is damaged: if {path.stem} of an earlier start is still running, end it"
        else:
            if is_ours(record, data):
                end_leftover(record)
                yield f"ended {path.stem} of an earlier start (process {record.child})"
        path.unlink(missing_ok=True)


def is_ours(record: guard.ChildRecord, data: DataDir) -> bool:
    """Return whether the recorded process is still running and belongs to this data directory."""
    if guard.start_mark(record.child) != record.child_start:
        return False
    import psutil  # noqa: PLC0415 - takes 50 ms; only a start after a crash needs it

    try:
        return psutil.Process(record.child).environ().get(DATA_DIR_VARIABLE) == str(data.path)
    except psutil.Error:
        return False


def end_leftover(record: guard.ChildRecord) -> None:
    """Stop a process as the guard would have done."""
    tree = [record.child, *guard.descendants(record.child)]
    marks = {pid: guard.start_mark(pid) for pid in tree}
    guard.send_group(record.child, record.stop_signal)
    deadline = time.monotonic() + LEFTOVER_GRACE_S
    while guard.start_mark(record.child) == record.child_start and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for pid, mark in marks.items():
        if mark and guard.start_mark(pid) == mark:
            guard.send(pid, signal.SIGKILL)

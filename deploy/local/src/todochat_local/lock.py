"""Who may use a data directory: one launcher, once nothing of an earlier one runs any more."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from todochat.private_files import lock_within
from todochat_local import guard
from todochat_local.layout import DATA_DIR_VARIABLE, DataDir, DataDirError
from todochat_local.spelling import typed

# A guard without its launcher needs at most ORPHAN_GRACE_S (5 s) and a moment.
GUARDS_GONE_TIMEOUT_S: Final = 12.0
LEFTOVER_GRACE_S: Final = 5.0
OTHERS_LOOK_S: Final = 0.5  # `status` takes the lock for a moment to see whether it is free
NAMELESS_S: Final = 1.0  # a launcher writes its pid as soon as it has the lock
POLL_S: Final = 0.05


class Lock:
    """The lock of whoever may change a data directory; it goes with the process."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._fd = os.open(data.lock, os.O_RDWR | os.O_CREAT, 0o600)
        self.children_fd = -1

    def acquire(self, say: Callable[[str], None], *, pid: int | None = None) -> None:
        """Take the lock and clean up after a launcher that was killed.

        Args:
            pid: a launcher's, for `down` to signal; other commands are left to end by themselves.

        Raises:
            DataDirError: another launcher runs, or something of an earlier one can't be ended.
        """
        if not lock_within(self._fd, OTHERS_LOOK_S) or self._is_deleted():
            raise DataDirError(self._taken())
        os.ftruncate(self._fd, 0)
        if pid is not None:
            self._write(pid)
        self._wait_for_guards(say)
        for message in end_leftovers(self._data):
            say(message)
        fcntl.flock(self.children_fd, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let the next launcher in."""
        os.ftruncate(self._fd, 0)
        for fd in (self.children_fd, self._fd):
            if fd >= 0:
                os.close(fd)

    def _taken(self) -> str:
        pid = holder(self._data)
        if not pid:
            return f"another command is at work on {self._data.path}: try again in a moment"
        return (
            f"todochat already runs on {self._data.path} (process {pid}); "
            f"`{typed('status', self._data)}` shows it, `{typed('down', self._data)}` stops it"
        )

    def _is_deleted(self) -> bool:
        """Whether `reset` has removed the file between its opening and its locking."""
        return os.fstat(self._fd).st_nlink == 0

    def _write(self, pid: int) -> None:
        try:
            os.pwrite(self._fd, f"{pid}\n".encode(), 0)
        except OSError as error:
            msg = f"can't write {self._data.lock}: {error.strerror}"
            raise DataDirError(msg) from error

    def _wait_for_guards(self, say: Callable[[str], None]) -> None:
        """Guards hold the second lock; when it is free, nothing of theirs runs."""
        self.children_fd = os.open(self._data.children_lock, os.O_RDWR | os.O_CREAT, 0o600)
        if lock_within(self.children_fd, 0):
            return
        say("waiting for the processes of an earlier start to stop")
        if not lock_within(self.children_fd, GUARDS_GONE_TIMEOUT_S):
            msg = f"processes of an earlier start still run on {self._data.path}"
            raise DataDirError(msg)


def holder(data: DataDir) -> int | None:
    """Return the pid of the launcher that runs on this data, if one does.

    0 is somebody without a pid: a launcher that is only just starting, or a command that cleans
    up. Looking takes a shared lock, so that those who look don't take each other for a launcher.
    """
    try:
        fd = os.open(data.lock, os.O_RDWR)
    except FileNotFoundError:
        return None
    until = time.monotonic() + NAMELESS_S
    try:
        while not lock_within(fd, 0, fcntl.LOCK_SH):
            text = os.pread(fd, 32, 0).decode().strip()
            if text or time.monotonic() >= until:
                return int(text or 0)
            time.sleep(POLL_S)
    finally:
        os.close(fd)
    return None


def end_leftovers(data: DataDir) -> Iterator[str]:
    """End processes whose guard was killed together with the launcher; say which.

    A process is ended only if its pid, its start and the data directory in its environment are
    those of the record.
    """
    for path in sorted(data.run.glob("*.pid")):
        record = _read_record(path)
        if record is None:
            yield f"{path} was damaged: if {path.stem} of an earlier start still runs, end it"
        elif _is_ours(record, data.path):
            _end(record)
            yield f"ended {path.stem} of an earlier start (process {record.child})"
        path.unlink(missing_ok=True)


def _read_record(path: Path) -> guard.Record | None:
    try:
        return guard.Record.parse(path.read_text(encoding="ascii"))
    except ValueError:
        return None


def _is_ours(record: guard.Record, data_dir: Path) -> bool:
    if guard.start_mark(record.child) != record.child_start:
        return False
    import psutil  # noqa: PLC0415 - 50 ms that only a start after a crash needs

    try:
        return psutil.Process(record.child).environ().get(DATA_DIR_VARIABLE) == str(data_dir)
    except psutil.Error:
        return False


def _end(record: guard.Record) -> None:
    """Stop the process as its guard would have done."""
    tree = [record.child, *guard.descendants(record.child)]
    marks = {pid: guard.start_mark(pid) for pid in tree}
    guard.send_group(record.child, record.stop_signal)
    until = time.monotonic() + LEFTOVER_GRACE_S
    while guard.start_mark(record.child) == record.child_start and time.monotonic() < until:
        time.sleep(POLL_S)
    for pid, mark in marks.items():
        if mark and guard.start_mark(pid) == mark:
            guard.send(pid, signal.SIGKILL)

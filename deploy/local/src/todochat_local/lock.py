"""Who may use a data directory: one launcher, once nothing of an earlier one runs any more."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from todochat_local import guard
from todochat_local.layout import DATA_DIR_VARIABLE, DataDir, DataDirError

# A guard without its launcher needs at most ORPHAN_GRACE_S (5 s) and a moment.
GUARDS_GONE_TIMEOUT_S: Final = 12.0
LEFTOVER_GRACE_S: Final = 5.0
OTHERS_LOOK_S: Final = 0.5  # `status` takes the lock for a moment to see whether it is free
POLL_S: Final = 0.05


class Lock:
    """The lock of the one launcher of a data directory; it goes with the process."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._fd = os.open(data.lock, os.O_RDWR | os.O_CREAT, 0o600)
        self.children_fd = -1

    def acquire(self, say: Callable[[str], None]) -> None:
        """Take the lock and clean up after a launcher that was killed.

        Raises:
            DataDirError: another launcher runs, or something of an earlier one can't be ended.
        """
        if not _lock_within(self._fd, OTHERS_LOOK_S):
            msg = (
                f"todochat already runs on {self._data.path} (process {holder(self._data)}); "
                "`todochat status` shows it, `todochat down` stops it"
            )
            raise DataDirError(msg)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
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

    def _wait_for_guards(self, say: Callable[[str], None]) -> None:
        """Guards hold the second lock; when it is free, nothing of theirs runs."""
        self.children_fd = os.open(self._data.children_lock, os.O_RDWR | os.O_CREAT, 0o600)
        if _lock_within(self.children_fd, 0):
            return
        say("waiting for the processes of an earlier start to stop")
        if not _lock_within(self.children_fd, GUARDS_GONE_TIMEOUT_S):
            msg = f"processes of an earlier start still run on {self._data.path}"
            raise DataDirError(msg)


def holder(data: DataDir) -> int | None:
    """Return the pid of the launcher that runs on this data, if one does."""
    try:
        fd = os.open(data.lock, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if _lock_within(fd, 0):
            return None
        text = os.pread(fd, 32, 0).decode().strip()
        return int(text) if text else 0
    finally:
        os.close(fd)


def end_leftovers(data: DataDir) -> Iterator[str]:
    """End processes whose guard was killed together with the launcher; say which.

    A process is ended only if its pid, its start and the data directory in its environment are
    those of the record.
    """
    for path in sorted(data.run.glob("*.pid")):
        record = guard.Record.parse(path.read_text(encoding="ascii"))
        if _is_ours(record, data.path):
            _end(record)
            yield f"ended {path.stem} of an earlier start (process {record.child})"
        path.unlink(missing_ok=True)


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


def _lock_within(fd: int, timeout_s: float) -> bool:
    until = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(POLL_S)
        else:
            return True

"""The terminal, written by a thread: one that doesn't read must not stop the launcher."""

import os
import threading
from collections import deque
from typing import Final

MAX_WAITING: Final = 5_000  # lines; more are skipped and counted
CLOSE_TIMEOUT_S: Final = 1.0


class Terminal:
    """Writes lines to a file descriptor in the background."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lines: deque[str] = deque()
        self._skipped = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Add a line; it is skipped if thousands wait already."""
        with self._changed:
            if len(self._lines) < MAX_WAITING:
                self._lines.append(line)
            else:
                self._skipped += 1
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, but don't wait for a terminal that is stuck."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                self._write_all(batch.encode(errors="replace"))
            except OSError:
                return  # the terminal is gone; the launcher hears of that by SIGHUP, if at all

    def _next_batch(self) -> str:
        """Wait for lines and take them all; empty at the end."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            lines, self._lines = list(self._lines), deque()
            if self._skipped:
                lines.append(f"({self._skipped} lines skipped; they are in the log files)")
                self._skipped = 0
        return "".join(f"{line}\n" for line in lines)

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

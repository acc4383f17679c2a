"""Writes to the terminal in a thread: one that doesn't read must not block the launcher."""

import os
import threading
from collections import deque
from typing import Final

MAX_QUEUED: Final = 5_000  # lines; more are dropped and counted
CLOSE_TIMEOUT_S: Final = 1.0


class Terminal:
    """Writes lines to a file descriptor in the background."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue a line; drop it if MAX_QUEUED lines are queued."""
        with self._changed:
            if len(self._lines) < MAX_QUEUED:
                self._lines.append(line)
            else:
                self._dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """Write queued lines; wait at most CLOSE_TIMEOUT_S for a blocked terminal."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _run(self) -> None:
        while batch := self._next_batch():
            try:
                data = batch.encode(errors="replace")
                while data:
                    data = data[os.write(self._fd, data) :]
            except OSError:
                return  # the terminal was closed; the launcher may get SIGHUP

    def _next_batch(self) -> str:
        """Wait for lines and return all of them; empty after close."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            lines, self._lines = list(self._lines), deque()
            if self._dropped:
                lines.append(f"({self._dropped} lines dropped; the log files have them)")
                self._dropped = 0
        return "".join(f"{line}\n" for line in lines)

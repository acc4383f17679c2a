"""Live messages of one run, and the bounded queues of its viewers."""

import asyncio
from collections import deque

from todochat.bus.frames import LogEntry, parse_entry
from todochat.bus.limits import BusLimits
from todochat.telemetry.metrics import VIEWERS_BEHIND


class ViewerQueue:
    """Queue of live entries for one viewer.

    `behind` means that messages were missed, because the connection broke or the queue overflowed;
    the log has them.
    """

    def __init__(self, limits: BusLimits) -> None:
        self.entries: deque[LogEntry] = deque()
        self.behind = True
        self._limits = limits
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    def restart(self) -> None:
        """Start queueing, just before the log is read."""
        self.behind = False
        self.entries.clear()
        self._bytes = 0

    def offer(self, entry: LogEntry) -> None:
        """Queue a live entry, or mark the viewer as behind."""
        if self.behind:
            return
        self.entries.append(entry)
        self._bytes += len(entry.data)
        limits = self._limits
        if (
            self._bytes > limits.viewer_queue_bytes
            or len(self.entries) > limits.viewer_queue_messages
        ):
            VIEWERS_BEHIND.inc()
            self.fall_behind()
        self.wake()

    def take(self) -> deque[LogEntry]:
        """Return and clear the queued entries."""
        taken, self.entries = self.entries, deque()
        self._bytes = 0
        return taken

    def fall_behind(self) -> None:
        """Drop queued entries; the log will be read instead."""
        self.entries.clear()
        self._bytes = 0
        self.behind = True
        self.wake()

    def wake(self) -> None:
        """Wake a `wait`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        """Wait for `wake`, at most `timeout_s`."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(max(0.0, timeout_s), self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


class LiveChannel:
    """A run's channel: parses each message once and queues it for every viewer."""

    def __init__(self) -> None:
        self.viewers: set[ViewerQueue] = set()
        self.confirmed = False

    def on_message(self, data: bytes) -> None:
        """Queue a message; after a malformed one the viewers read the log."""
        try:
            entry = parse_entry(data)
        except ValueError:
            for viewer in self.viewers:
                viewer.fall_behind()
            return
        for viewer in self.viewers:
            viewer.offer(entry)

    def on_confirmed(self) -> None:
        """Let the viewers read the log."""
        self.confirmed = True
        for viewer in self.viewers:
            viewer.wake()

    def on_lost(self) -> None:
        """Mark the viewers as behind; they read the log after the next confirmation."""
        self.confirmed = False
        for viewer in self.viewers:
            viewer.fall_behind()

"""Live messages of one run, and the bounded queues of those who watch it."""

import asyncio
from collections import deque

from todochat.bus.frames import LogEntry, parse_entry
from todochat.bus.limits import BusLimits
from todochat.telemetry.metrics import VIEWERS_BEHIND


class Viewer:
    """What waits for one viewer.

    `behind` says that messages were missed, because the connection broke or more came than the
    queue holds; the log has them.
    """

    def __init__(self, limits: BusLimits) -> None:
        self.entries: deque[LogEntry] = deque()
        self.behind = True
        self._limits = limits
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None

    def restart(self) -> None:
        """Begin to collect, just before the log is read."""
        self.behind = False
        self.entries.clear()
        self._bytes = 0

    def offer(self, entry: LogEntry) -> None:
        """Queue a live entry, or note that the viewer fell behind."""
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
        """Take everything that waits."""
        taken, self.entries = self.entries, deque()
        self._bytes = 0
        return taken

    def fall_behind(self) -> None:
        """Drop what waits: the log will be read instead."""
        self.entries.clear()
        self._bytes = 0
        self.behind = True
        self.wake()

    def wake(self) -> None:
        """End a `wait`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        """Wait for `wake`, for `timeout_s` at most."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(max(0.0, timeout_s), self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


class LiveChannel:
    """A run's channel: hands each message, parsed once, to every viewer."""

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self.confirmed = False

    def on_message(self, data: bytes) -> None:
        """Pass a message on; one that is no entry sends the viewers to the log."""
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
        """Send the viewers to the log, once the subscription stands again."""
        self.confirmed = False
        for viewer in self.viewers:
            viewer.fall_behind()

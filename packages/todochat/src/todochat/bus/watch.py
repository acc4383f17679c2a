"""Streams a run to one viewer: the log from a cursor, then live messages.

A watch is in one of two states. *Catching up*: it waits until the subscription is confirmed, then
reads the log from its cursor to the end, while live messages queue up, with a bound. *Live*: it
yields queued messages, skipping those it read from the log. A first response, a reattach, a
reconnect of Redis, a viewer that fell behind: each is a transition to *catching up*.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import msgspec
from redis.exceptions import RedisError

from todochat.bus.errors import BusUnavailableError, RunLogExpiredError
from todochat.bus.frames import EndStatus, LogEntry, parse_entry
from todochat.bus.limits import BusLimits
from todochat.bus.run_log import LogReader, RunLog
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
        # One timer for many waits: most end long before it, and a timer costs as much as a frame's
        # way through this queue.
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._wait_until = 0.0

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
        self._wait_until = loop.time() + timeout_s
        if self._timer is None or self._timer_at > self._wait_until:
            self._set_timer(loop)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        """Release the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self.close()
        self._timer_at = self._wait_until
        self._timer = loop.call_at(self._timer_at, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._timer_at >= self._wait_until:
            self.wake()
        elif self._waiter is not None:
            self._set_timer(loop)


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


_READ_RETRY_S: Final = 0.5


class Frames(msgspec.Struct, frozen=True):
    """One or more whole event frames, as in the log."""

    data: bytes
    last_seq: int


class Snapshot(msgspec.Struct, frozen=True):
    """`id: N`, `: snapshot`: earlier frames are lost, reload the thread's items."""

    data: bytes


class Ended(msgspec.Struct, frozen=True):
    """The end marker; nothing comes after it."""

    status: EndStatus
    data: bytes


class Idle(msgspec.Struct, frozen=True):
    """No event for `idle_s`."""


WatchEvent = Frames | Snapshot | Ended | Idle


class _State(Enum):
    CATCHING_UP = auto()
    LIVE = auto()
    ENDED = auto()


class _Chunk:
    """Events that are yielded together; adjacent frames are joined."""

    def __init__(self) -> None:
        self.size = 0
        self._events: list[WatchEvent] = []
        self._frames: list[bytes] = []
        self._last_seq = 0

    def add_frames(self, entry: LogEntry) -> None:
        self.size += len(entry.data)
        self._frames.append(entry.data)
        self._last_seq = entry.last

    def add_marker(self, event: WatchEvent) -> None:
        self.close()
        self._events.append(event)

    def close(self) -> list[WatchEvent]:
        if self._frames:
            self._events.append(Frames(b"".join(self._frames), self._last_seq))
            self._frames = []
        return self._events


class Watch:
    """One viewer's position in one run.

    Args:
        after: the last `seq` the viewer has.
        active: the run is known to be accepted and not ended, so missing keys are waited for.
    """

    def __init__(
        self,
        run_id: str,
        after: int,
        *,
        active: bool,
        log: RunLog,
        channel: LiveChannel,
        queue: ViewerQueue,
        limits: BusLimits,
    ) -> None:
        self._run_id = run_id
        self._cursor = after
        self._active = active
        self._log = log
        self._channel = channel
        self._queue = queue
        self._limits = limits
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._state = _State.CATCHING_UP
        self._reader: LogReader | None = None
        self._pending: deque[LogEntry] = deque()
        self._thread_id: str | None = None
        self._idle_at = self._now() + limits.idle_s
        self._give_up_at: float | None = self._now() + limits.attach_timeout_s
        self._lost_since: float | None = None

    @property
    def ended(self) -> bool:
        """True once the end marker was returned."""
        return self._state is _State.ENDED

    async def next_events(self) -> list[WatchEvent]:
        """Return the next events, at most `chunk_bytes` of them; often none.

        Always suspends before it returns events: a server whose client has disconnected can't stop
        an async generator that doesn't suspend.

        Raises:
            RunLogExpiredError: Redis has nothing of the run any more.
            BusUnavailableError: Redis is unreachable for too long.
        """
        if self._pending:
            await asyncio.sleep(0)
            events = self._next_chunk()
        elif self._state is _State.LIVE:
            events = await self._await_live()
        elif self._channel.confirmed:
            events = await self._catch_up()
        else:
            events = await self._wait_for_redis(self._limits.idle_s)
        if events:
            self._idle_at = self._now() + self._limits.idle_s
        return events

    async def _await_live(self) -> list[WatchEvent]:
        queue = self._queue
        must_wait = not queue.entries and not queue.behind
        if must_wait:
            await queue.wait(self._idle_at - self._now())
        self._pending = queue.take()
        if queue.behind:
            self._state = _State.CATCHING_UP
        elif not self._pending and self._now() >= self._idle_at:
            # Read the log, too: a channel may lose messages silently.
            self._state = _State.CATCHING_UP
            return [Idle()]
        return self._next_chunk() if must_wait else []

    async def _catch_up(self) -> list[WatchEvent]:
        try:
            if self._reader is None:
                self._queue.restart()
                self._reader = self._log.read(self._run_id, self._cursor)
                self._pending = deque(await self._reader.next_page())
                self._active = self._active or bool(self._pending)
                if not self._pending:
                    await self._check_state()
            elif not self._reader.at_end:
                self._pending = deque(await self._reader.next_page())
        except RedisError:
            self._reader = None
            return await self._wait_for_redis(_READ_RETRY_S)
        self._give_up_at = None
        if self._reader.at_end and not self._pending:
            self._reader = None
            self._state = _State.LIVE
        return []

    async def _check_state(self) -> None:
        """Determine why the log has nothing after the cursor."""
        state = await self._log.state(self._run_id)
        meta, last = state.meta, state.last
        if meta is not None:
            self._thread_id = meta.thread_id
        if last is not None:
            if last.marker is not None and last.marker.end and last.last <= self._cursor:
                self._pending.append(last)
            self._lost_since = None
        elif meta is None:
            # The worker of an active run may still notice that its keys are lost.
            self._lost_since = self._lost_since or self._now()
            if not self._active or self._now() - self._lost_since > self._limits.lost_log_s:
                raise RunLogExpiredError(self._run_id, self._thread_id)
        elif meta.ended:
            raise RunLogExpiredError(self._run_id, self._thread_id)
        else:
            self._active = True
            self._lost_since = None

    async def _wait_for_redis(self, timeout_s: float) -> list[WatchEvent]:
        now = self._now()
        if self._give_up_at is None:
            self._give_up_at = now + self._limits.outage_s
        if now >= self._give_up_at:
            raise BusUnavailableError("The run's events can't be read right now.")
        await self._queue.wait(min(timeout_s, self._idle_at - now, self._give_up_at - now))
        return [Idle()] if self._now() >= self._idle_at else []

    def _next_chunk(self) -> list[WatchEvent]:
        chunk, pending = _Chunk(), self._pending
        while pending and not self.ended:
            entry = pending[0]
            if chunk.size and chunk.size + len(entry.data) > self._limits.chunk_bytes:
                break
            if self._state is _State.LIVE and self._is_gap(entry):
                pending.clear()
                self._queue.fall_behind()
                break
            pending.popleft()
            marker = entry.marker
            if marker is not None and marker.end is not None:
                # Also below the cursor, or a viewer with a cursor beyond the end would wait forever.
                chunk.add_marker(Ended(marker.end, entry.data))
                self._state = _State.ENDED
            elif entry.last > self._cursor:
                self._cursor = entry.last
                if marker is None:
                    chunk.add_frames(entry)
                else:
                    chunk.add_marker(Snapshot(entry.data))
        return chunk.close()

    def _is_gap(self, entry: LogEntry) -> bool:
        """Return whether frames are missing between the cursor and a live entry."""
        if entry.last <= self._cursor or (entry.marker is not None and entry.marker.snapshot):
            return False
        return entry.first != self._cursor + 1

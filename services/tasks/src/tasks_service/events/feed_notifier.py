"""Tells the open change feeds of every process that there is something to read.

A message says only whose outbox has grown: the outbox in PostgreSQL is the truth, and feeds also
look by themselves from time to time. So nothing here has to be delivered, and Redis may be down.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import structlog
from redis.exceptions import RedisError

from tasks_service.events.keys import CHANGES_CHANNEL, ERASED_CHANNEL
from tasks_service.metrics import EVENT_STREAMS
from todochat.bus.redis_client import RedisClient
from todochat.identity.revocation import REVOCATIONS_CHANNEL, RevocationSet

LISTEN_TIMEOUT_S: Final = 1.0
RECONNECT_S: Final = 1.0
MAX_UNPUBLISHED: Final = 10_000

Farewell = Literal["reconnect", "unauthorized"]

log = structlog.get_logger(__name__)


class Watcher:
    """One open feed: woken when there may be something to read, told when to end."""

    def __init__(self, user_id: str, sid: str | None) -> None:
        self.user_id = user_id
        self.sid = sid
        self.farewell: Farewell | None = None
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Have the feed look at the outbox."""
        self._wake.set()

    def end(self, farewell: Farewell) -> None:
        """Have the feed say farewell and end; the first reason stays."""
        self.farewell = self.farewell or farewell
        self._wake.set()

    def rest(self) -> None:
        """Forget earlier wake-ups; call before reading, so that none is lost in between."""
        self._wake.clear()

    async def wait(self, timeout_s: float) -> None:
        """Return when woken, or after `timeout_s`."""
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                await self._wake.wait()
        except TimeoutError:
            return  # the poll: looking without having been called


class FeedNotifier:
    """Knows the open feeds of this process, and hears and tells of changes through Redis."""

    def __init__(self, redis: RedisClient, revocations: RevocationSet) -> None:
        self._redis = redis
        self._revocations = revocations
        revocations.on_revoked(self._sign_out)
        self._watchers: dict[Watcher, None] = {}
        self._counts: Counter[str] = Counter()
        self._unpublished: set[tuple[str, str]] = set()  # channel and message
        self._has_unpublished = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many feeds are open in this process."""
        return len(self._watchers)

    def count_of(self, user_id: str) -> int:
        """Return how many feeds a person has open in this process."""
        return self._counts[user_id]

    @contextmanager
    def watch(self, user_id: str, sid: str | None) -> Iterator[Watcher]:
        """Register a feed."""
        watcher = Watcher(user_id, sid)
        self._watchers[watcher] = None
        self._counts[user_id] += 1
        EVENT_STREAMS.inc()
        try:
            yield watcher
        finally:
            EVENT_STREAMS.dec()
            del self._watchers[watcher]
            self._counts[user_id] -= 1
            if not self._counts[user_id]:
                del self._counts[user_id]

    def changed(self, user_id: str) -> None:
        """Wake the person's feeds here at once and elsewhere soon."""
        self._wake(user_id)
        self._tell(CHANGES_CHANNEL, user_id)

    def erased(self, user_id: str) -> None:
        """End the person's feeds here at once and elsewhere soon."""
        self._end(user_id)
        self._tell(ERASED_CHANNEL, user_id)

    def end_all(self, farewell: Farewell) -> None:
        """End every feed of this process."""
        for watcher in self._watchers:
            watcher.end(farewell)

    async def publish(self) -> None:
        """Tell the other processes of changes, until cancelled."""
        while True:
            await self._has_unpublished.wait()
            self._has_unpublished.clear()
            messages, self._unpublished = self._unpublished, set()
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for channel, user_id in messages:
                        await pipe.publish(channel, user_id)
                    await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("changes.publish_failed", count=len(messages), error=error)

    async def listen(self) -> None:
        """Hear of changes and sign-outs, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANGES_CHANNEL, ERASED_CHANNEL, REVOCATIONS_CHANNEL)
                    while True:
                        message = await pubsub.get_message(timeout=LISTEN_TIMEOUT_S)
                        if message is not None:
                            self._on_message(message)
            except (RedisError, OSError) as error:
                log.warning("changes.listen_failed", error=error)
                await asyncio.sleep(RECONNECT_S)

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            # What was published before this moment was not heard.
            for watcher in self._watchers:
                watcher.wake()
        elif message["type"] == "message":
            text = message["data"].decode(errors="replace")
            hear = {
                REVOCATIONS_CHANNEL.encode(): self._revocations.hear,
                ERASED_CHANNEL.encode(): self._end,
                CHANGES_CHANNEL.encode(): self._wake,
            }[message["channel"]]
            hear(text)

    def _tell(self, channel: str, user_id: str) -> None:
        if len(self._unpublished) < MAX_UNPUBLISHED:
            self._unpublished.add((channel, user_id))
            self._has_unpublished.set()

    def _wake(self, user_id: str) -> None:
        if not self._counts[user_id]:
            return
        for watcher in self._watchers:
            if watcher.user_id == user_id:
                watcher.wake()

    def _end(self, user_id: str) -> None:
        for watcher in self._watchers:
            if watcher.user_id == user_id:
                watcher.end("unauthorized")

    def _sign_out(self, sid: str) -> None:
        for watcher in self._watchers:
            if watcher.sid == sid:
                watcher.end("unauthorized")

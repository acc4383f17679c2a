"""Wakes the open change feeds of every process when a user's outbox has grown.

A message only names the user: the outbox in PostgreSQL is the source of truth, and feeds also
poll it. So delivery is best effort, and Redis may be down.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

import structlog
from redis.exceptions import RedisError

from tasks_service.events.keys import CHANGES_CHANNEL, ERASED_CHANNEL
from tasks_service.metrics import EVENT_STREAMS
from todochat.bus.redis_client import RedisClient
from todochat.bus.subscriber import CallbackListener, Subscriber
from todochat.identity.revocation import REVOCATIONS_CHANNEL, RevocationSet

MAX_UNPUBLISHED: Final = 10_000

CloseReason = Literal["reconnect", "unauthorized"]

log = structlog.get_logger(__name__)


class FeedSubscription:
    """Wakes one open feed when there may be new events, and asks it to close."""

    def __init__(self, user_id: str, sid: str | None) -> None:
        self.user_id = user_id
        self.sid = sid
        self.close_reason: CloseReason | None = None
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Make the feed read the outbox."""
        self._wake.set()

    def close(self, reason: CloseReason) -> None:
        """Make the feed send the reason and end; the first reason wins."""
        self.close_reason = self.close_reason or reason
        self._wake.set()

    def clear(self) -> None:
        """Clear earlier wake-ups; call it before reading the outbox, so that none is lost."""
        self._wake.clear()

    async def wait(self, timeout_s: float) -> bool:
        """Wait until woken, for at most `timeout_s`; return whether it was woken."""
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                return await self._wake.wait()
        except TimeoutError:
            return False


class FeedNotifier:
    """Tracks the open feeds of this process, and notifies those of all processes over Redis."""

    def __init__(self, redis: RedisClient, revocations: RevocationSet) -> None:
        self._redis = redis
        self._revocations = revocations
        revocations.on_revoked(self._close_session)
        self._subscriptions: dict[FeedSubscription, None] = {}
        self._by_user: dict[str, dict[FeedSubscription, None]] = {}
        # Published messages that this process will get back, although it has woken its feeds.
        self._echoes: Counter[str] = Counter()
        self._unpublished: set[tuple[str, str]] = set()  # (channel, user ID)
        self._has_unpublished = asyncio.Event()

    @property
    def open_feeds(self) -> int:
        """Number of open feeds in this process."""
        return len(self._subscriptions)

    def count_feeds(self, user_id: str) -> int:
        """Return the number of a user's open feeds in this process."""
        return len(self._by_user.get(user_id, ()))

    @contextmanager
    def subscribe(self, user_id: str, sid: str | None) -> Iterator[FeedSubscription]:
        """Register a feed while the context is open."""
        subscription = FeedSubscription(user_id, sid)
        self._subscriptions[subscription] = None
        self._by_user.setdefault(user_id, {})[subscription] = None
        EVENT_STREAMS.inc()
        try:
            yield subscription
        finally:
            EVENT_STREAMS.dec()
            del self._subscriptions[subscription]
            del self._by_user[user_id][subscription]
            if not self._by_user[user_id]:
                del self._by_user[user_id]

    def changed(self, user_id: str) -> None:
        """Wake the user's feeds: immediately in this process, soon in the others."""
        self._wake_user(user_id)
        self._queue_message(CHANGES_CHANNEL, user_id)

    def erased(self, user_id: str) -> None:
        """Close the user's feeds: immediately in this process, soon in the others."""
        self._close_user(user_id)
        self._queue_message(ERASED_CHANNEL, user_id)

    def close_all(self, reason: CloseReason) -> None:
        """Close all feeds of this process."""
        for subscription in self._subscriptions:
            subscription.close(reason)

    async def publish(self) -> None:
        """Publish queued messages to the other processes, until cancelled."""
        while True:
            await self._has_unpublished.wait()
            self._has_unpublished.clear()
            messages, self._unpublished = self._unpublished, set()
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for channel, user_id in messages:
                        await pipe.publish(channel, user_id)
                        if channel == CHANGES_CHANNEL:
                            self._echoes[user_id] += 1
                    await pipe.execute()
            except (RedisError, OSError) as error:
                self._echoes.clear()  # some may still come, and wake feeds in vain
                log.warning("changes.publish_failed", count=len(messages), error=error)

    async def listen(self) -> None:
        """Receive messages about changes, erasures and sign-outs, until cancelled."""
        handlers: dict[str, Callable[[str], object]] = {
            CHANGES_CHANNEL: self._receive_change,
            ERASED_CHANNEL: self._close_user,
            REVOCATIONS_CHANNEL: self._revocations.hear,
        }
        subscriber = Subscriber(self._redis)
        for channel, handle in handlers.items():
            subscriber.add(channel.encode(), _listener(handle, self._wake_all))
        await subscriber.run()

    def _wake_all(self) -> None:
        # Messages published before the subscription were missed, also echoes.
        self._echoes.clear()
        for subscription in self._subscriptions:
            subscription.wake()

    def _queue_message(self, channel: str, user_id: str) -> None:
        if len(self._unpublished) < MAX_UNPUBLISHED:
            self._unpublished.add((channel, user_id))
            self._has_unpublished.set()

    def _receive_change(self, user_id: str) -> None:
        if self._echoes[user_id] > 1:
            self._echoes[user_id] -= 1
        elif self._echoes.pop(user_id, 0) == 0:
            self._wake_user(user_id)

    def _wake_user(self, user_id: str) -> None:
        for subscription in self._by_user.get(user_id, ()):
            subscription.wake()

    def _close_user(self, user_id: str) -> None:
        for subscription in self._by_user.get(user_id, ()):
            subscription.close("unauthorized")

    def _close_session(self, sid: str) -> None:
        for subscription in self._subscriptions:
            if subscription.sid == sid:
                subscription.close("unauthorized")


def _listener(handle: Callable[[str], object], on_gap: Callable[[], None]) -> CallbackListener:
    return CallbackListener(lambda data: handle(data.decode(errors="replace")), on_gap)

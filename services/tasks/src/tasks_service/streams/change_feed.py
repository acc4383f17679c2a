"""The change feed: one user's outbox as server-sent events, resumable from any event.

    id: 17
    data: {"type":"task.created.v1","actor":"user","occurred_at":"...","task":{...}}

A feed reads a batch, sends it, and reads again when woken. So a slow reader buffers at most one
batch. No transaction is open while the feed sends or waits. Feeds of one user in one process that
wait for the same events share their reads and the encoded events, so that many open pages cost
little more than one.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import structlog

from tasks_service.domain.change import FeedNotice
from tasks_service.errors import TooManyFeedsError
from tasks_service.events.feed_notifier import CloseReason, FeedNotifier, FeedSubscription
from tasks_service.storage.outbox_repository import StoredChange, read_outbox
from tasks_service.storage.transaction import open_sql_transaction
from todochat.database import Database
from todochat.errors import UnavailableError
from todochat.identity.revocation import RevocationSet

BATCH: Final = 32  # events of at most about 60 KB: ten thousand characters of notes

log = structlog.get_logger(__name__)


class FeedReader(msgspec.Struct, frozen=True):
    """The reader of a feed.

    Attributes:
        sid: session whose sign-out closes the feed; None for a service.
        expires_at: when the feed closes, as unix time in seconds.
    """

    user_id: str
    sid: str | None
    expires_at: float


class _Batch(msgspec.Struct):
    frames: bytes  # the same for all feeds
    last_seq: int | None
    may_have_more: bool = False


class ChangeFeed:
    """Streams change feeds.

    Args:
        poll_s: maximum delay of a change after a lost wake-up.
    """

    def __init__(
        self,
        database: Database,
        notifier: FeedNotifier,
        revocations: RevocationSet,
        *,
        poll_s: float,
        streams_per_user: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._revocations = revocations
        self._poll_s = poll_s
        self._streams_per_user = streams_per_user
        self._clock = clock
        self._scheduled: dict[tuple[str, int | None], asyncio.Task[_Batch]] = {}
        self._checked: dict[str, tuple[int | None, float]] = {}  # last event of a user, and when

    def check_limit(self, user_id: str) -> None:
        """Check that the user may open one more feed.

        Raises:
            TooManyFeedsError: the user has reached the limit.
        """
        if self._notifier.count_feeds(user_id) >= self._streams_per_user:
            raise TooManyFeedsError(self._streams_per_user)

    async def stream(self, reader: FeedReader, after: int | None) -> AsyncGenerator[bytes, None]:
        """Yield changes until the token expires, the session is revoked or the service drains.

        Args:
            after: ID of the last event the reader received; None starts with the next change.
        """
        with self._subscribe(reader) as subscription:
            last_seq, is_due = after, True
            while (reason := self._close_reason(reader, subscription)) is None:
                subscription.clear()
                if is_due:
                    batch = await self._read(reader.user_id, last_seq)
                    last_seq = batch.last_seq
                    if batch.frames:
                        yield batch.frames
                    if batch.may_have_more:
                        continue
                until_poll_s = self._until_poll_s(reader.user_id, last_seq)
                until_expiry_s = reader.expires_at - self._clock()
                is_woken = await subscription.wait(min(until_poll_s, until_expiry_s))
                is_due = is_woken or self._until_poll_s(reader.user_id, last_seq) <= 0
            yield f": {reason}\n\n".encode()

    @contextmanager
    def _subscribe(self, reader: FeedReader) -> Iterator[FeedSubscription]:
        try:
            with self._notifier.subscribe(reader.user_id, reader.sid) as subscription:
                yield subscription
        finally:
            if not self._notifier.count_feeds(reader.user_id):
                self._checked.pop(reader.user_id, None)

    def _close_reason(
        self, reader: FeedReader, subscription: FeedSubscription
    ) -> CloseReason | None:
        if reader.sid is not None and reader.sid in self._revocations:
            return "unauthorized"
        if self._clock() >= reader.expires_at:
            return subscription.close_reason or "reconnect"
        return subscription.close_reason

    def _until_poll_s(self, user_id: str, last_seq: int | None) -> float:
        """Return in how many seconds to poll; no feed polls if another one has just done so."""
        checked_seq, checked_at = self._checked.get(user_id, (None, 0.0))
        if checked_seq != last_seq:
            return 0.0
        return checked_at + self._poll_s - asyncio.get_running_loop().time()

    async def _read(self, user_id: str, last_seq: int | None) -> _Batch:
        """Read the changes after an event, once for all of the user's feeds that ask meanwhile."""
        key = (user_id, last_seq)
        read = self._scheduled.get(key)
        if read is None:
            read = self._scheduled[key] = asyncio.create_task(self._read_scheduled(*key))
        return await asyncio.shield(read)  # a feed that ends doesn't end the others' read

    async def _read_scheduled(self, user_id: str, last_seq: int | None) -> _Batch:
        # It starts now. A feed that is woken later may have missed a change: it reads again.
        del self._scheduled[user_id, last_seq]
        try:
            async with open_sql_transaction(self._database, user_id) as transaction:
                newest, changes = await read_outbox(
                    transaction, user_id, after=last_seq, limit=BATCH
                )
            batch = _encode_batch(last_seq, newest, changes)
        except UnavailableError as error:
            log.warning("feed.read_failed", reason=error.detail)
            batch = _Batch(b"", last_seq)
        if self._notifier.count_feeds(user_id):
            now = asyncio.get_running_loop().time()
            self._checked[user_id] = (batch.last_seq, now)
        return batch


def _encode_batch(last_seq: int | None, newest: int, changes: list[StoredChange]) -> _Batch:
    if last_seq is None:
        ready = msgspec.json.encode(FeedNotice(type="feed.ready.v1"))
        return _Batch(_encode_frame(newest, ready), newest)
    if newest == last_seq:
        return _Batch(b"", last_seq)
    if not changes or changes[0].seq != last_seq + 1:
        # A user's sequence has no gaps, so changes were purged, or the ID is of another database.
        reset = msgspec.json.encode(FeedNotice(type="feed.reset.v1"))
        return _Batch(_encode_frame(newest, reset), newest)
    frames = b"".join(
        _encode_frame(change.seq, msgspec.json.format(change.payload, indent=-1).encode())
        for change in changes
    )
    return _Batch(frames, changes[-1].seq, may_have_more=len(changes) == BATCH)


def _encode_frame(seq: int, document: bytes) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (seq, document)

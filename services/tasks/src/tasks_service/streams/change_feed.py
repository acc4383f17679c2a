"""The change feed: one user's outbox as server-sent events, resumable from any event.

    id: 17
    data: {"type":"task.created.v1","actor":"user","occurred_at":"...","task":{...}}

A feed reads a batch, sends it, and reads again when woken. So a slow reader buffers at most one
batch. No transaction is open while the feed sends or waits.
"""

import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec
import structlog

from tasks_service.domain.change import FeedNotice
from tasks_service.errors import TooManyFeedsError
from tasks_service.events.feed_notifier import CloseReason, FeedNotifier, FeedSubscription
from tasks_service.storage.outbox_repository import OutboxRepository
from tasks_service.storage.transaction import open_transaction
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
    frames: list[bytes]
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
        with self._notifier.subscribe(reader.user_id, reader.sid) as subscription:
            last_seq = after
            while (reason := self._close_reason(reader, subscription)) is None:
                subscription.clear()
                batch = await self._read(reader.user_id, last_seq)
                last_seq = batch.last_seq
                for frame in batch.frames:
                    yield frame
                if not batch.may_have_more:
                    until_expiry_s = reader.expires_at - self._clock()
                    await subscription.wait(min(self._poll_s, until_expiry_s))
            yield f": {reason}\n\n".encode()

    def _close_reason(
        self, reader: FeedReader, subscription: FeedSubscription
    ) -> CloseReason | None:
        if reader.sid is not None and reader.sid in self._revocations:
            return "unauthorized"
        if self._clock() >= reader.expires_at:
            return subscription.close_reason or "reconnect"
        return subscription.close_reason

    async def _read(self, user_id: str, last_seq: int | None) -> _Batch:
        try:
            async with open_transaction(self._database, user_id) as session:
                return await _read_batch(OutboxRepository(session, user_id), last_seq)
        except UnavailableError as error:
            log.warning("feed.read_failed", reason=error.detail)
            return _Batch([], last_seq)


async def _read_batch(outbox: OutboxRepository, last_seq: int | None) -> _Batch:
    newest = await outbox.last_seq()  # read before the changes, so that it is never ahead of them
    if last_seq is None:
        return _Batch([_encode_frame(newest, FeedNotice(type="feed.ready.v1"))], newest)
    if newest == last_seq:
        return _Batch([], last_seq)
    changes = await outbox.read(after=last_seq, limit=BATCH) if newest > last_seq else []
    if not changes or changes[0].seq != last_seq + 1:
        # A user's sequence has no gaps, so changes were purged, or the ID is of another database.
        return _Batch([_encode_frame(newest, FeedNotice(type="feed.reset.v1"))], newest)
    frames = [_encode_frame(change.seq, change.payload) for change in changes]
    return _Batch(frames, changes[-1].seq, may_have_more=len(changes) == BATCH)


def _encode_frame(seq: int, document: object) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (seq, msgspec.json.encode(document))

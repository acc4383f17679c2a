"""The change feed: one person's outbox as server-sent events, from any place in it.

    id: 17
    data: {"type":"task.created.v1","actor":"user","occurred_at":"...","task":{...}}

A feed pulls: it reads a batch, says it, and reads again when woken, so a slow reader holds one
batch and no queue grows. No transaction is open while it says or waits.
"""

import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec
import structlog

from tasks_service.domain.change import FeedNotice
from tasks_service.errors import TooManyStreamsError
from tasks_service.events.feed_notifier import Farewell, FeedNotifier, Watcher
from tasks_service.storage.outbox_repository import OutboxRepository
from tasks_service.storage.transaction import open_transaction
from todochat.database import Database
from todochat.errors import UnavailableError
from todochat.identity.revocation import RevocationSet

BATCH: Final = 32  # of at most about 60 KB each: ten thousand characters of notes
PING: Final = b": ping\n\n"

log = structlog.get_logger(__name__)


class Reader(msgspec.Struct, frozen=True):
    """Who reads a feed, and until when.

    Attributes:
        sid: the session that ends with the sign-out; None for a service.
        expires_at: unix time in seconds.
    """

    user_id: str
    sid: str | None
    expires_at: float


class _Batch(msgspec.Struct):
    frames: list[bytes]
    place: int | None
    may_have_more: bool = False


class ChangeFeed:
    """Opens feeds.

    Args:
        poll_s: how long a lost wake-up can delay a change.
        ping_s: longest silence.
    """

    def __init__(
        self,
        database: Database,
        board: FeedNotifier,
        revocations: RevocationSet,
        *,
        poll_s: float,
        ping_s: float,
        streams_per_user: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._board = board
        self._revocations = revocations
        self._poll_s = poll_s
        self._ping_s = ping_s
        self._streams_per_user = streams_per_user
        self._clock = clock

    def require_room(self, user_id: str) -> None:
        """Make sure that the person may open one more feed.

        Raises:
            TooManyStreamsError: they may not.
        """
        if self._board.count_of(user_id) >= self._streams_per_user:
            raise TooManyStreamsError(self._streams_per_user)

    async def stream(self, reader: Reader, after: int | None) -> AsyncGenerator[bytes, None]:
        """Yield changes until the reader's token ends, the session is signed out or we drain.

        Args:
            after: the last id the reader has seen; None begins with what comes next.
        """
        with self._board.watch(reader.user_id, reader.sid) as watcher:
            place = after
            spoke_at = time.monotonic()
            while (farewell := self._farewell(reader, watcher)) is None:
                watcher.rest()
                batch = await self._next(reader.user_id, place)
                place = batch.place
                is_silent = time.monotonic() - spoke_at >= self._ping_s
                for frame in batch.frames or ([PING] if is_silent else []):
                    yield frame
                    spoke_at = time.monotonic()
                if not batch.may_have_more:
                    await watcher.wait(self._patience_s(reader, spoke_at))
            yield f": {farewell}\n\n".encode()

    def _farewell(self, reader: Reader, watcher: Watcher) -> Farewell | None:
        if reader.sid is not None and reader.sid in self._revocations:
            return "unauthorized"
        if self._clock() >= reader.expires_at:
            return watcher.farewell or "reconnect"
        return watcher.farewell

    def _patience_s(self, reader: Reader, spoke_at: float) -> float:
        until_ping = spoke_at + self._ping_s - time.monotonic()
        return min(self._poll_s, until_ping, reader.expires_at - self._clock())

    async def _next(self, user_id: str, place: int | None) -> _Batch:
        try:
            async with open_transaction(self._database, user_id) as session:
                return await _read(OutboxRepository(session, user_id), place)
        except UnavailableError as error:
            log.warning("feed.read_failed", reason=error.detail)
            return _Batch([], place)


async def _read(outbox: OutboxRepository, place: int | None) -> _Batch:
    last = await outbox.last_seq()  # before the changes, so that it is never ahead of them
    if place is None:
        return _Batch([_frame(last, FeedNotice(type="feed.ready.v1"))], last)
    if last == place:
        return _Batch([], place)
    changes = await outbox.read(after=place, limit=BATCH) if last > place else []
    if not changes or changes[0].seq != place + 1:
        # Purged since, or an id of another database: the numbers of one person have no gaps.
        return _Batch([_frame(last, FeedNotice(type="feed.reset.v1"))], last)
    frames = [_frame(change.seq, change.payload) for change in changes]
    return _Batch(frames, changes[-1].seq, may_have_more=len(changes) == BATCH)


def _frame(seq: int, document: object) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (seq, msgspec.json.encode(document))

"""The private calendar feed of a user."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tasks_service.domain.calendar_feed import (
    CalendarShow,
    feed_digest,
    is_feed_token,
    new_feed_token,
)
from tasks_service.domain.entity_tag import entity_tag
from tasks_service.errors import CalendarNotFoundError
from tasks_service.storage.calendar_repository import CalendarRepository, find_feed_owner
from tasks_service.storage.records import TaskRecord
from tasks_service.storage.task_repository import to_task
from tasks_service.storage.transaction import open_transaction
from todochat.clock import utc_now
from todochat.database import Database
from todochat.errors import TooManyRequestsError
from todochat.http.concurrency_limit import ConcurrencyLimit
from todochat.http.json_stream import iter_rows, join_chunks
from todochat.http.rate_limit import RateLimit

MAX_OPEN: Final = 2  # feeds of one user in progress in one process
PAGE: Final = 100  # tasks of at most 60 KB each
REQUESTS_PER_MINUTE: Final = 10  # of one address
FORMAT: Final = 1  # raise it when the same tasks are written differently


class CalendarState(msgspec.Struct, kw_only=True, frozen=True):
    """The state of a user's calendar feed."""

    created_at: Annotated[
        dt.datetime | None, Meta(description="Of the present address; null if there is no feed.")
    ]


class NewCalendar(msgspec.Struct, kw_only=True, frozen=True):
    """The address of a calendar feed."""

    url: Annotated[
        str, Meta(description="Returned only here. Who knows it can read the user's open tasks.")
    ]
    created_at: dt.datetime


class CalendarFeed(msgspec.Struct, frozen=True):
    """A feed that a request may read, in its present state."""

    user_id: str
    tag: str
    timezones: list[str]


class CalendarService:
    """Creates, revokes and writes calendar feeds.

    The token isn't a change of tasks: it is neither recorded as one nor stored with an idempotency
    key, which would keep it in plain text.
    """

    def __init__(self, database: Database, public_url: str, rate_limit: RateLimit) -> None:
        self._database = database
        self._public_url = public_url.rstrip("/")
        self._rate_limit = rate_limit
        self._open = ConcurrencyLimit(MAX_OPEN, "calendar feeds")

    async def state(self, user_id: str) -> CalendarState:
        """Return whether there is a feed."""
        async with open_transaction(self._database, user_id) as session:
            record = await CalendarRepository(session, user_id).find()
            return CalendarState(created_at=record.created_at if record else None)

    async def create(self, user_id: str) -> NewCalendar:
        """Create the feed, or give it another address; the former one becomes invalid."""
        token, now = new_feed_token(), utc_now()
        async with open_transaction(self._database, user_id) as session:
            await CalendarRepository(session, user_id).save(feed_digest(token), now)
        url = f"{self._public_url}/api/calendar/{token}.ics"
        return NewCalendar(url=url, created_at=now)

    async def revoke(self, user_id: str) -> None:
        """Make the address invalid; a no-op if there is none."""
        async with open_transaction(self._database, user_id) as session:
            await CalendarRepository(session, user_id).revoke()

    async def find(self, token: str, show: CalendarShow) -> CalendarFeed:
        """Return the feed with this token.

        Raises:
            CalendarNotFoundError: no feed has it.
            TooManyRequestsError: it was read 10 times in this minute.
        """
        if not is_feed_token(token):
            raise CalendarNotFoundError
        digest = feed_digest(token)
        async with open_transaction(self._database, None) as session:
            user_id = await find_feed_owner(session, digest)
        if user_id is None:
            raise CalendarNotFoundError
        wait_s = await self._rate_limit.take(digest.hex()[:32])
        if wait_s > 0:
            msg = f"A calendar can be read at most {REQUESTS_PER_MINUTE} times a minute."
            raise TooManyRequestsError(msg, retry_after_s=wait_s)
        self._open.check(user_id)
        async with open_transaction(self._database, user_id) as session:
            repository = CalendarRepository(session, user_id)
            seq = await repository.last_event_seq()
            tag = entity_tag(f"{FORMAT} {show} {seq} ".encode() + digest)
            return CalendarFeed(user_id, tag, await repository.timezones())

    async def stream(self, feed: CalendarFeed, show: CalendarShow) -> AsyncGenerator[bytes, None]:
        """Yield the calendar in chunks, with one page of tasks in memory."""
        # The icalendar library takes 3 MB, which an installation without feeds saves.
        from tasks_service.domain.calendar import (  # noqa: PLC0415
            CLOSING,
            encode_task,
            opening,
        )

        async def read(last: TaskRecord | None) -> list[TaskRecord]:
            async with open_transaction(self._database, feed.user_id) as session:
                return await CalendarRepository(session, feed.user_id).find_open_tasks(
                    after=last.number if last else 0, limit=PAGE
                )

        async def components() -> AsyncGenerator[bytes, None]:
            yield opening(feed.timezones)
            async for record in iter_rows(read, PAGE):
                yield await asyncio.to_thread(encode_task, to_task(record), show)
            yield CLOSING

        with self._open.hold(feed.user_id):
            async for chunk in join_chunks(components()):
                yield chunk

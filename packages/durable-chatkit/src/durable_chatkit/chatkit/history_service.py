"""Searches and exports a user's chat history."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from pydantic_core import from_json

from durable_chatkit.chatkit.encoding import encode_for_client
from durable_chatkit.chatkit.paging import looks_like_id
from durable_chatkit.chatkit.rows import decode_items
from durable_chatkit.storage.attachment_repository import AttachmentRepository
from durable_chatkit.storage.cursor import Cursor, encode_cursor, parse_cursor
from durable_chatkit.storage.erasure_repository import transaction_for_active_account
from durable_chatkit.storage.history_repository import (
    FeedbackRow,
    FileRow,
    HistoryRepository,
    SearchHit,
    ThreadHit,
    VisibleItemRow,
)
from durable_chatkit.storage.thread_repository import ThreadRepository, ThreadRow
from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor
from todochat.errors import FieldError, InvalidInputError
from todochat.http.json_stream import iter_rows, stream_json_object

PAGE: Final = 100
_HIDDEN_FIELDS: Final = frozenset({"metadata", "upload_descriptor", "preview_url"})

RowT = TypeVar("RowT")

PageReader = Callable[[SqlExecutor, RowT | None], Awaitable[list[RowT]]]


class FoundPage(msgspec.Struct, frozen=True):
    """A page of search results, newest first."""

    items: list[SearchHit]
    next_cursor: str | None


class FoundThreadsPage(msgspec.Struct, frozen=True):
    """A page of threads that match a search, by newest match."""

    items: list[ThreadHit]
    next_cursor: str | None


class HistoryService:
    """Searches and exports a user's history."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def search(
        self, user_id: str, words: str, cursor: str | None, limit: int, agent: str | None = None
    ) -> FoundPage:
        """Find messages that contain, for every word of the query, a word starting with it.

        Args:
            agent: search only this agent's threads.

        Raises:
            InvalidInputError: the cursor is invalid.
            AccountLockedError: the account is being erased.
        """
        after = parse_search_cursor(cursor)
        async with transaction_for_active_account(self._db, user_id) as session:
            history = HistoryRepository(session, agent)
            found = await history.search_messages(user_id, words, after, limit + 1)
        page = found[:limit]
        if len(found) <= limit:
            return FoundPage(page, None)
        return FoundPage(page, encode_cursor(page[-1].created_at, page[-1].item_id))

    async def search_threads(
        self, user_id: str, words: str, cursor: str | None, limit: int, agent: str | None = None
    ) -> FoundThreadsPage:
        """Find threads by title and messages; see `HistoryRepository.search_threads`.

        Args:
            agent: search only this agent's threads.

        Raises:
            InvalidInputError: the cursor is invalid.
            AccountLockedError: the account is being erased.
        """
        after = parse_search_cursor(cursor)
        async with transaction_for_active_account(self._db, user_id) as session:
            history = HistoryRepository(session, agent)
            found = await history.search_threads(user_id, words, after, limit + 1)
        page = found[:limit]
        if len(found) <= limit:
            return FoundThreadsPage(page, None)
        return FoundThreadsPage(page, encode_cursor(page[-1].found_at, page[-1].id))

    def export(self, user_id: str, agent: str | None = None) -> AsyncIterator[bytes]:
        """Return all data of a user as one JSON object in chunks, holding one page in memory.

        Each page is read in a separate transaction, so that a slow reader holds no connection.
        Data written during the export may or may not be included.

        Args:
            agent: only this agent's threads, with their files and feedback.
        """
        threads = self._rows(user_id, partial(read_threads, agent))
        feedback = self._rows(user_id, partial(read_feedback, agent))
        return stream_json_object(
            {},
            {
                "threads": (self._stream_thread(user_id, thread) async for thread in threads),
                "attachments": self._stream_files(user_id, agent),
                "feedback": (msgspec.json.encode(row) async for row in feedback),
            },
        )

    def _stream_thread(self, user_id: str, thread: ThreadRow) -> AsyncIterator[bytes]:
        members = {
            "id": thread.id,
            "conversation_id": thread.conversation_id,
            "agent": thread.agent,
            "title": thread.title,
            "status": msgspec.Raw(thread.status.encode()),
            "created_at": thread.created_at,
        }
        rows = self._rows(user_id, visible_items_reader(thread.id))
        items = (encode_for_client(decode_items([row.payload])[0]) async for row in rows)
        return stream_json_object(members, {"items": items})

    def _rows(self, user_id: str, read_page: PageReader[RowT]) -> AsyncIterator[RowT]:
        async def read(last: RowT | None) -> list[RowT]:
            async with self._db.sql_transaction(user_id) as session:
                return await read_page(session, last)

        return iter_rows(read, PAGE)

    async def _stream_files(self, user_id: str, agent: str | None) -> AsyncIterator[bytes]:
        async for file in self._rows(user_id, partial(read_files, agent)):
            async with self._db.sql_transaction(user_id) as session:
                stored = await AttachmentRepository(session).load_content(file.id)
            payload: dict[str, Any] = from_json(file.payload)
            shown = {name: value for name, value in payload.items() if name not in _HIDDEN_FIELDS}
            content = base64.b64encode(stored.content).decode() if stored is not None else None
            yield msgspec.json.encode(
                {
                    **shown,
                    "thread_id": file.thread_id,
                    "size_bytes": file.size_bytes,
                    "created_at": file.created_at,
                    "content_base64": content,
                }
            )


def parse_search_cursor(cursor: str | None) -> Cursor | None:
    """Parse the `next_cursor` of a previous page.

    Raises:
        InvalidInputError: it isn't one.
    """
    after = parse_cursor(cursor) if cursor else None
    if cursor and (after is None or not looks_like_id(after.id)):
        detail = "is not a search cursor"
        msg = f"`cursor` {detail}."
        raise InvalidInputError(msg, errors=[FieldError("cursor", detail)])
    return after


async def read_threads(
    agent: str | None, session: SqlExecutor, last: ThreadRow | None
) -> list[ThreadRow]:
    """Return a page of threads after `last`, oldest first."""
    after = Cursor(last.id, last.created_at) if last else None
    return await ThreadRepository(session, agent).list_threads(after, PAGE, "asc")


async def read_files(
    agent: str | None, session: SqlExecutor, last: FileRow | None
) -> list[FileRow]:
    """Return a page of attachments after `last`, by id."""
    return await HistoryRepository(session, agent).list_files(last.id if last else "", PAGE)


async def read_feedback(
    agent: str | None, session: SqlExecutor, last: FeedbackRow | None
) -> list[FeedbackRow]:
    """Return a page of feedback after `last`, by thread and item."""
    return await HistoryRepository(session, agent).list_feedback(last, PAGE)


def visible_items_reader(thread_id: str) -> PageReader[VisibleItemRow]:
    """Return a function that reads pages of a thread's visible items, oldest first."""

    async def read_items(session: SqlExecutor, last: VisibleItemRow | None) -> list[VisibleItemRow]:
        after = Cursor(last.id, last.created_at) if last else None
        return await HistoryRepository(session, None).list_visible_items(thread_id, after, PAGE)

    return read_items

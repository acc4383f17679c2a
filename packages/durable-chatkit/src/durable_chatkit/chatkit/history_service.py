"""Searches and exports a user's chat history."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
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
    Found,
    HistoryRepository,
    SaidRow,
)
from durable_chatkit.storage.thread_repository import ThreadRepository, ThreadRow
from todochat.database import Database
from todochat.errors import FieldError, InvalidInputError

PAGE: Final = 100
_HIDDEN_FIELDS: Final = frozenset({"metadata", "upload_descriptor", "preview_url"})

RowT = TypeVar("RowT")


class FoundPage(msgspec.Struct, frozen=True):
    """Messages that hold the words, the newest first."""

    items: list[Found]
    next_cursor: str | None


class HistoryService:
    """Reads one user's history."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def search(self, user_id: str, words: str, cursor: str | None, limit: int) -> FoundPage:
        """Find messages in which every word of the query begins a word.

        Raises:
            InvalidInputError: the cursor isn't one.
            AccountLockedError: the account is being erased.
        """
        after = _cursor(cursor)
        async with transaction_for_active_account(self._db, user_id) as session:
            found = await HistoryRepository(session).search(user_id, words, after, limit + 1)
        shown = found[:limit]
        more = len(found) > limit
        return FoundPage(
            shown, encode_cursor(shown[-1].created_at, shown[-1].item_id) if more else None
        )

    async def check_open(self, user_id: str) -> None:
        """Find out whether an export may begin, before its first byte.

        Raises:
            AccountLockedError: the account is being erased.
        """
        async with transaction_for_active_account(self._db, user_id):
            pass

    async def export(self, user_id: str) -> AsyncIterator[bytes]:
        """Yield everything of the user as one JSON object, a page in memory at a time.

        Each page is read in a transaction of its own: a slow reader holds no connection, and what
        is said meanwhile may be in it or not.
        """
        yield b'{"threads":['
        separator = b""
        async for thread in self._pages(user_id, self._threads):
            yield separator + _members(_thread(thread)) + b',"items":['
            comma = b""
            async for item in self._pages(user_id, _said_in(thread.id)):
                yield comma + encode_for_client(decode_items([item.payload])[0])
                comma = b","
            yield b"]}"
            separator = b","
        yield b'],"attachments":['
        separator = b""
        async for file in self._pages(user_id, self._files):
            yield separator + await self._file(user_id, file)
            separator = b","
        yield b'],"feedback":['
        separator = b""
        async for feedback in self._pages(user_id, self._feedback):
            yield separator + msgspec.json.encode(feedback)
            separator = b","
        yield b"]}"

    async def _pages(
        self,
        user_id: str,
        read: Callable[[HistoryRepository, ThreadRepository, RowT | None], Awaitable[list[RowT]]],
    ) -> AsyncIterator[RowT]:
        last: RowT | None = None
        while True:
            async with self._db.transaction(user_id) as session:
                rows = await read(HistoryRepository(session), ThreadRepository(session), last)
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            last = rows[-1]

    async def _threads(
        self, _: HistoryRepository, threads: ThreadRepository, last: ThreadRow | None
    ) -> list[ThreadRow]:
        after = Cursor(last.id, last.created_at) if last else None
        return await threads.page(after, PAGE, "asc")

    async def _files(
        self, history: HistoryRepository, _: ThreadRepository, last: FileRow | None
    ) -> list[FileRow]:
        return await history.files(last.id if last else "", PAGE)

    async def _feedback(
        self, history: HistoryRepository, _: ThreadRepository, last: FeedbackRow | None
    ) -> list[FeedbackRow]:
        return await history.feedback(last, PAGE)

    async def _file(self, user_id: str, file: FileRow) -> bytes:
        async with self._db.transaction(user_id) as session:
            stored = await AttachmentRepository(session).content(file.id)
        known: dict[str, Any] = from_json(file.payload)
        shown = {name: value for name, value in known.items() if name not in _HIDDEN_FIELDS}
        content = base64.b64encode(stored.content).decode() if stored is not None else None
        return msgspec.json.encode(
            {
                **shown,
                "thread_id": file.thread_id,
                "size_bytes": file.size_bytes,
                "created_at": file.created_at,
                "content_base64": content,
            }
        )


def _said_in(
    thread_id: str,
) -> Callable[[HistoryRepository, ThreadRepository, SaidRow | None], Awaitable[list[SaidRow]]]:
    async def read(
        history: HistoryRepository, _: ThreadRepository, last: SaidRow | None
    ) -> list[SaidRow]:
        after = Cursor(last.id, last.created_at) if last else None
        return await history.said(thread_id, after, PAGE)

    return read


def _thread(row: ThreadRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "title": row.title,
        "status": msgspec.Raw(row.status.encode()),
        "created_at": row.created_at,
    }


def _members(thread: dict[str, Any]) -> bytes:
    """Encode an object and leave it open, for its items to follow."""
    return msgspec.json.encode(thread)[:-1]


def _cursor(cursor: str | None) -> Cursor | None:
    if not cursor:
        return None
    after = parse_cursor(cursor)
    if after is None or not looks_like_id(after.id):
        detail = "is no cursor of a search"
        msg = f"`cursor` {detail}."
        raise InvalidInputError(msg, errors=[FieldError("cursor", detail)])
    return after

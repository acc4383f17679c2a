"""What the user that the session is bound to has said and was told: found again, and read out."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from durable_chatkit.storage.cursor import Cursor, keyset

# Every word of the query must begin a word of the message, whatever the language: the `simple`
# configuration neither stems nor drops words. The quotes around each lexeme are PostgreSQL's own.
_QUERY: Final = r"""
    SELECT CAST(regexp_replace(
        CAST(plainto_tsquery('simple', :words) AS text), '''( |$)', ''':*\1', 'g') AS tsquery
    ) AS query
"""
_HEADLINE: Final = 'StartSel="", StopSel="", MaxWords=30, MinWords=15, ShortWord=0'

_FILES: Final = text("""
    SELECT id, CAST(payload AS text) AS payload, thread_id, size_bytes, created_at
      FROM attachments WHERE id > :after AND uploaded_at IS NOT NULL
     ORDER BY id LIMIT :limit
""")
_FEEDBACK: Final = text("""
    SELECT thread_id, item_id, kind, updated_at
      FROM feedback WHERE (thread_id, item_id) > (:thread_id, :item_id)
     ORDER BY thread_id, item_id LIMIT :limit
""")


class Found(msgspec.Struct, frozen=True):
    """One message that holds the words."""

    thread_id: str
    title: str | None
    item_id: str
    snippet: str
    created_at: datetime


class FileRow(msgspec.Struct, frozen=True):
    """One attachment without its bytes; `payload` is its JSON."""

    id: str
    payload: str
    thread_id: str | None
    size_bytes: int
    created_at: datetime


class FeedbackRow(msgspec.Struct, frozen=True):
    """What the user thinks of one item."""

    thread_id: str
    item_id: str
    kind: str
    updated_at: datetime


class SaidRow(msgspec.Struct, frozen=True):
    """One visible item; `payload` is its JSON."""

    id: str
    payload: str
    created_at: datetime


class HistoryRepository:
    """Reads inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def search(
        self, user_id: str, words: str, after: Cursor | None, limit: int
    ) -> list[Found]:
        """Return up to `limit` messages that hold all words, the newest first.

        Hidden items have no words at all.
        """
        key = keyset(after, "desc")
        statement = text(
            f"WITH asked AS ({_QUERY}), found AS ("  # noqa: S608 - constants
            "    SELECT thread_id, id, payload, created_at, query FROM items, asked"
            "     WHERE user_id = :user_id AND said IS NOT NULL AND said @@ query"
            f"      AND {key.condition} ORDER BY {key.order_by} LIMIT :limit)"
            " SELECT found.thread_id, title, found.id AS item_id,"
            f"       ts_headline('simple', said_text(payload), query, '{_HEADLINE}') AS snippet,"
            "       found.created_at"
            "   FROM found JOIN threads ON threads.id = found.thread_id"
            f" ORDER BY found.{key.order_by.replace(', ', ', found.')}"
        )
        values = {"user_id": user_id, "words": words, "limit": limit, **key.values}
        return [Found(*row) for row in await self._session.execute(statement, values)]

    async def said(self, thread_id: str, after: Cursor | None, limit: int) -> list[SaidRow]:
        """Return a thread's visible items, oldest first."""
        key = keyset(after, "asc")
        statement = text(
            "SELECT id, CAST(payload AS text) AS payload, created_at FROM items"  # noqa: S608 - constants
            f" WHERE thread_id = :thread_id AND NOT hidden AND {key.condition}"
            f" ORDER BY {key.order_by} LIMIT :limit"
        )
        values = {"thread_id": thread_id, "limit": limit, **key.values}
        return [SaidRow(*row) for row in await self._session.execute(statement, values)]

    async def files(self, after: str, limit: int) -> list[FileRow]:
        """Return attachments whose id comes after another."""
        rows = await self._session.execute(_FILES, {"after": after, "limit": limit})
        return [FileRow(*row) for row in rows]

    async def feedback(self, after: FeedbackRow | None, limit: int) -> list[FeedbackRow]:
        """Return feedback, by thread and item."""
        values = {
            "thread_id": after.thread_id if after else "",
            "item_id": after.item_id if after else "",
            "limit": limit,
        }
        return [FeedbackRow(*row) for row in await self._session.execute(_FEEDBACK, values)]

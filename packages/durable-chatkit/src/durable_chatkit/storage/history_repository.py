"""Searches and exports the history of the session's user."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text

from durable_chatkit.storage.cursor import Cursor, keyset
from todochat.database.sql_transaction import SqlExecutor

# A message matches if it contains, for every word of the query, a word with that prefix, in any
# language: the `simple` configuration neither stems nor drops words. PostgreSQL quotes each lexeme.
_QUERY: Final = r"""
    SELECT CAST(regexp_replace(
        CAST(plainto_tsquery('simple', :words) AS text), '''( |$)', ''':*\1', 'g') AS tsquery
    ) AS query
"""
_HEADLINE: Final = 'StartSel="", StopSel="", MaxWords=30, MinWords=15, ShortWord=0'

# Without an agent: of all of them, and files without a thread, too.
_IN_AGENTS_THREAD: Final = """
    (CAST(:agent AS text) IS NULL
     OR thread_id IN (SELECT id FROM threads WHERE agent = CAST(:agent AS text)))
"""

_FILES: Final = text(f"""
    SELECT id, CAST(payload AS text) AS payload, thread_id, size_bytes, created_at
      FROM attachments WHERE id > :after AND uploaded_at IS NOT NULL AND {_IN_AGENTS_THREAD}
     ORDER BY id LIMIT :limit
""")  # noqa: S608 - a constant
_FEEDBACK: Final = text(f"""
    SELECT thread_id, item_id, kind, updated_at
      FROM feedback WHERE (thread_id, item_id) > (:thread_id, :item_id) AND {_IN_AGENTS_THREAD}
     ORDER BY thread_id, item_id LIMIT :limit
""")  # noqa: S608 - a constant


class SearchHit(msgspec.Struct, frozen=True):
    """One message that matches a search."""

    thread_id: str
    title: str | None
    item_id: str
    snippet: str
    created_at: datetime
    agent: str


class FileRow(msgspec.Struct, frozen=True):
    """One attachment without its content; `payload` is its JSON."""

    id: str
    payload: str
    thread_id: str | None
    size_bytes: int
    created_at: datetime


class FeedbackRow(msgspec.Struct, frozen=True):
    """The user's feedback on one item."""

    thread_id: str
    item_id: str
    kind: str
    updated_at: datetime


class VisibleItemRow(msgspec.Struct, frozen=True):
    """One visible item; `payload` is its JSON."""

    id: str
    payload: str
    created_at: datetime


class HistoryRepository:
    """Reads inside one transaction.

    Args:
        agent: only threads of this agent, and what belongs to them; None: all of the user.
    """

    def __init__(self, session: SqlExecutor, agent: str | None) -> None:
        self._session = session
        self._agent = agent

    async def search_messages(
        self, user_id: str, words: str, after: Cursor | None, limit: int
    ) -> list[SearchHit]:
        """Return up to `limit` messages that contain all words, newest first; no hidden items."""
        key = keyset(after, "desc")
        statement = text(
            f"WITH search AS ({_QUERY}), found AS ("  # noqa: S608 - constants
            "    SELECT thread_id, id, payload, created_at, query FROM items, search"
            "     WHERE user_id = :user_id AND said IS NOT NULL AND said @@ query"
            f"      AND {_IN_AGENTS_THREAD}"
            f"      AND {key.condition} ORDER BY {key.order_by} LIMIT :limit)"
            " SELECT found.thread_id, title, found.id AS item_id,"
            f"       ts_headline('simple', said_text(payload), query, '{_HEADLINE}') AS snippet,"
            "       found.created_at, threads.agent"
            "   FROM found JOIN threads ON threads.id = found.thread_id"
            f" ORDER BY found.{key.order_by.replace(', ', ', found.')}"
        )
        values = {
            "user_id": user_id,
            "agent": self._agent,
            "words": words,
            "limit": limit,
            **key.values,
        }
        return [SearchHit(*row) for row in await self._session.execute(statement, values)]

    async def list_visible_items(
        self, thread_id: str, after: Cursor | None, limit: int
    ) -> list[VisibleItemRow]:
        """Return a thread's visible items, oldest first."""
        key = keyset(after, "asc")
        statement = text(
            "SELECT id, CAST(payload AS text) AS payload, created_at FROM items"  # noqa: S608 - constants
            f" WHERE thread_id = :thread_id AND NOT hidden AND {key.condition}"
            f" ORDER BY {key.order_by} LIMIT :limit"
        )
        values = {"thread_id": thread_id, "limit": limit, **key.values}
        return [VisibleItemRow(*row) for row in await self._session.execute(statement, values)]

    async def list_files(self, after: str, limit: int) -> list[FileRow]:
        """Return up to `limit` uploaded attachments with IDs after `after`, by ID."""
        values = {"after": after, "agent": self._agent, "limit": limit}
        rows = await self._session.execute(_FILES, values)
        return [FileRow(*row) for row in rows]

    async def list_feedback(self, after: FeedbackRow | None, limit: int) -> list[FeedbackRow]:
        """Return up to `limit` feedback entries after one, in order of thread and item."""
        values = {
            "thread_id": after.thread_id if after else "",
            "item_id": after.item_id if after else "",
            "agent": self._agent,
            "limit": limit,
        }
        return [FeedbackRow(*row) for row in await self._session.execute(_FEEDBACK, values)]

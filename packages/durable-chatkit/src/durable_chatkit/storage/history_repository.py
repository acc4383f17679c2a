"""Searches and exports the history of the session's user."""

import re
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text

from durable_chatkit.storage.cursor import Cursor, keyset
from durable_chatkit.storage.search_words import SearchWords, SnippetPart, contains_patterns
from todochat.database.sql_transaction import SqlExecutor

# A message matches if it contains, for every word of the query, a word with that prefix, in any
# language: the `simple` configuration neither stems nor drops words. PostgreSQL quotes each lexeme.
_QUERY: Final = r"""
    SELECT CAST(regexp_replace(
        CAST(plainto_tsquery('simple', :words) AS text), '''( |$)', ''':*\1', 'g') AS tsquery
    ) AS query
"""
_HEADLINE: Final = (
    "ts_headline('simple', said_text(payload), query,"
    """ 'StartSel="", StopSel="", MaxWords=30, MinWords=15, ShortWord=0')"""
)
# Around each hit of a marked snippet; an item's text never contains them.
_HIT_START: Final = "\x02"
_HIT_END: Final = "\x03"
_MARKED_HEADLINE: Final = (
    f"ts_headline('simple', translate(said_text(payload), '{_HIT_START}{_HIT_END}', '  '), query,"
    f""" 'StartSel="{_HIT_START}", StopSel="{_HIT_END}", MaxWords=24, MinWords=12, ShortWord=0')"""
)

# Newest messages that a search for threads reads, half a second's work.
MAX_SEARCHED: Final = 100_000

# Without an agent: of all of them, and files without a thread, too.
_IN_AGENTS_THREAD: Final = """
    (CAST(:agent AS text) IS NULL
     OR thread_id IN (SELECT id FROM threads WHERE agent = CAST(:agent AS text)))
"""

# A thread's newest matching message, and threads whose title contains every word. Words of titles
# match anywhere, so that titles without spaces between words are found, too.
_THREADS: Final = f"""
    WITH search AS ({_QUERY}), hits AS (
        SELECT DISTINCT ON (thread_id) thread_id, newest.id, created_at
          FROM search, (SELECT thread_id, id, created_at, said, payload FROM items
                         WHERE user_id = :user_id AND said IS NOT NULL
                         ORDER BY created_at DESC, id DESC LIMIT {MAX_SEARCHED}) AS newest
         WHERE {{matches}}
         ORDER BY thread_id, created_at DESC, newest.id DESC),
    found AS (
        SELECT threads.id, threads.title, CAST(threads.status AS text) AS status,
               threads.created_at AS begun_at, threads.agent, hits.id AS item_id,
               coalesce(hits.created_at, threads.created_at) AS created_at
          FROM threads LEFT JOIN hits ON hits.thread_id = threads.id
         WHERE threads.user_id = :user_id
           AND (CAST(:agent AS text) IS NULL OR threads.agent = CAST(:agent AS text))
           AND (hits.id IS NOT NULL OR threads.title ILIKE ALL (CAST(:patterns AS text[])))),
    page AS (SELECT * FROM found WHERE {{condition}} ORDER BY {{order_by}} LIMIT :limit)
    SELECT page.id, page.title, page.status, page.begun_at, page.agent, page.item_id,
           (SELECT {{snippet}} FROM items, search
             WHERE items.thread_id = page.id AND items.id = page.item_id),
           page.created_at
      FROM page ORDER BY {{order_by}}
"""  # noqa: S608 - constants

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


class ThreadHit(msgspec.Struct, frozen=True, kw_only=True):
    """A thread that matches a search by its title or by a message.

    Attributes:
        status: ChatKit's status of the thread.
        created_at: of the thread.
        item_id: the newest matching message; None if only the title matches.
        snippet: the message around the first hits; empty if only the title matches.
        found_at: of the message, or else of the thread.
    """

    id: str
    title: str | None
    status: msgspec.Raw
    created_at: datetime
    agent: str
    item_id: str | None
    snippet: list[SnippetPart]
    found_at: datetime


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
        search = SearchWords.parse(words)
        statement = text(
            f"WITH search AS ({_QUERY}), found AS ("  # noqa: S608 - constants
            "    SELECT thread_id, id, payload, created_at, query FROM items, search"
            f"     WHERE user_id = :user_id AND said IS NOT NULL AND {search.condition}"
            f"      AND {_IN_AGENTS_THREAD}"
            f"      AND {key.condition} ORDER BY {key.order_by} LIMIT :limit)"
            " SELECT found.thread_id, title, found.id AS item_id,"
            f"       {search.snippet(_HEADLINE)} AS snippet,"
            "       found.created_at, threads.agent"
            "   FROM found JOIN threads ON threads.id = found.thread_id"
            f" ORDER BY found.{key.order_by.replace(', ', ', found.')}"
        )
        values = {
            "user_id": user_id,
            "agent": self._agent,
            "limit": limit,
            **search.values,
            **key.values,
        }
        return [SearchHit(*row) for row in await self._session.execute(statement, values)]

    async def search_threads(
        self, user_id: str, words: str, after: Cursor | None, limit: int
    ) -> list[ThreadHit]:
        """Return up to `limit` threads, each once, ordered by their newest match.

        A message must contain all words as `search_messages` defines it, or the title all of them.
        """
        key = keyset(after, "desc")
        search = SearchWords.parse(words)
        statement = text(
            _THREADS.format(
                condition=key.condition,
                order_by=key.order_by,
                matches=search.condition,
                snippet=search.snippet(_MARKED_HEADLINE),
            )
        )
        values = {
            "user_id": user_id,
            "agent": self._agent,
            "patterns": contains_patterns(words.split()),
            "limit": limit,
            **search.values,
            **key.values,
        }
        parse = search.mark if search.unspaced else parse_snippet
        rows = await self._session.execute(statement, values)
        return [
            ThreadHit(
                id=row[0],
                title=row[1],
                status=msgspec.Raw(row[2].encode()),
                created_at=row[3],
                agent=row[4],
                item_id=row[5],
                snippet=parse(row[6] or ""),
                found_at=row[7],
            )
            for row in rows
        ]

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


def parse_snippet(marked: str) -> list[SnippetPart]:
    """Split a marked headline into its parts."""
    parts = re.split(f"{_HIT_START}(.*?){_HIT_END}", marked, flags=re.DOTALL)
    return [SnippetPart(each, index % 2 == 1) for index, each in enumerate(parts) if each]

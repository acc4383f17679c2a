"""Full-text search of one user's tasks."""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Double, Subquery, cast, func, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.query import Order, Status
from tasks_service.domain.search import SearchText
from tasks_service.storage.records import SearchRecord, TaskRecord
from tasks_service.storage.transaction import plain_sql

INDEX_BATCH: Final = 5_000
_INDEXED: Final = text("SELECT indexed_number FROM user_counters WHERE user_id = :user_id")
_INDEX: Final = text("""
    WITH batch AS (
        SELECT * FROM tasks
         WHERE user_id = :user_id AND number > :after ORDER BY number LIMIT :size
    ), written AS (
        INSERT INTO task_search (user_id, task_id, vector)
        SELECT user_id, id, task_vector(user_id, title_key, tag_keys, search_key,
                                        deleted_at IS NULL AND completed_at IS NULL)
          FROM batch
        ON CONFLICT DO NOTHING
    )
    SELECT max(number), count(*) FROM batch
""")
_SET_INDEXED: Final = text(
    "UPDATE user_counters SET indexed_number = :number WHERE user_id = :user_id"
)
_ALL_INDEXED: Final = 2**31 - 1
# No word of a query has the character that stands for the user's prefix. A plan for any user, which
# PostgreSQL makes after some executions, would read the keys of all tasks of one with many.
_BIND: Final = text("""
    SELECT CAST(to_tsquery('simple', replace(:ranked, '?', prefix)) AS text) AS ranked,
           NOT EXISTS (SELECT FROM user_counters
                        WHERE user_id = :user_id
                          AND indexed_number IS DISTINCT FROM :all_indexed) AS is_complete,
           set_config('app.search',
                      CAST(to_tsquery('simple', replace(:bound, '?', prefix)) AS text), true),
           set_config('plan_cache_mode', 'force_custom_plan', true)
      FROM search_prefix(:user_id) AS prefix
""")


class SearchQuery(msgspec.Struct, frozen=True):
    """The words of a search, bound to a transaction.

    Attributes:
        ranked: the query for `ts_rank`.
        is_complete: whether all tasks are in the index.
    """

    ranked: str
    is_complete: bool


class SearchRepository:
    """The search index of one user, in one transaction."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def index_batch(self) -> bool:
        """Index tasks that were last written before the index existed; return whether all are."""
        user = {"user_id": self._user_id}
        row = (await self._session.execute(_INDEXED, user)).one_or_none()
        if row is None or row[0] == _ALL_INDEXED:
            return True
        batch = {**user, "after": row[0] or 0, "size": INDEX_BATCH}
        last, count = (await self._session.execute(_INDEX, batch)).one()
        number: int = _ALL_INDEXED if count < INDEX_BATCH else last
        await self._session.execute(_SET_INDEXED, {**user, "number": number})
        return number == _ALL_INDEXED

    async def bind(self, search: SearchText, status: Status) -> SearchQuery:
        """Bind the words to the transaction: `task_search` then shows only matching rows."""
        words = [f"'?{word}':*" for word in search.words]
        state = {"open": ["'open?'"], "completed": ["!'open?'"], "all": []}[status]
        values = {
            "user_id": self._user_id,
            "ranked": " & ".join(words),
            "bound": " & ".join([*words, *state]),
            "all_indexed": _ALL_INDEXED,
        }
        row = (await plain_sql(self._session).execute(_BIND, values)).one()
        return SearchQuery(row.ranked, row.is_complete)


def matches_signs(search: SearchText) -> list[ColumnElement[bool]]:
    """Return the conditions on the parts of a search that aren't words."""
    return [TaskRecord.search_key.contains(sign, autoescape=True) for sign in search.signs]


def ranked_matches(query: str, user_id: str, order: Order) -> Subquery:
    """Return the bound matches in the order of their rank, then their ID: titles count most, then tags.

    The order needs no column of the tasks, so PostgreSQL reads only those of a page. The offset
    keeps it from joining all of them first.
    """
    rank = cast(func.ts_rank(SearchRecord.vector, cast(query, TSQUERY)), Double)
    keys = (rank, SearchRecord.task_id)
    return (
        select(SearchRecord.user_id, SearchRecord.task_id, rank.label("rank"))
        .where(SearchRecord.user_id == user_id)
        .order_by(*(key.asc() if order == "asc" else key.desc() for key in keys))
        .offset(0)
        .subquery("ranked")
    )

"""Full-text search of one user's tasks."""

from typing import Final

from sqlalchemy import ColumnElement, Double, Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from tasks_service.domain.search import SearchText
from tasks_service.storage.records import SearchRecord, TaskRecord

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

    async def bind(self, search: SearchText, *, only_open: bool) -> str:
        """Bind the words to the transaction: `task_search` then shows only matching rows.

        Returns:
            The query for `ts_rank`.
        """
        prefix = await self._session.scalar(select(func.search_prefix(self._user_id)))
        words = [f"'{prefix}{word}':*" for word in search.words]
        state = [f"'open{prefix}'"] if only_open else []
        queries = (" & ".join(words), " & ".join([*words, *state]))
        ranked, bound = (cast(func.to_tsquery("simple", query), Text) for query in queries)
        bind = func.set_config("app.search", bound, True)
        row = (await self._session.execute(select(ranked, bind))).one()
        return str(row[0])


def matches_signs(search: SearchText) -> list[ColumnElement[bool]]:
    """Return the conditions on the parts of a search that aren't words."""
    return [TaskRecord.search_key.contains(sign, autoescape=True) for sign in search.signs]


def rank(query: str) -> ColumnElement[float]:
    """Return how well a row of `task_search` matches: titles count most, then tags."""
    return cast(func.ts_rank(SearchRecord.vector, cast(query, TSQUERY)), Double)

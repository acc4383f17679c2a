"""Erasing one person, and which accounts were erased: a hash of the user's id outlives the rest.

Whatever makes rows that hang on no other row takes the lock of the user's row in `owners` first and
then looks here. An erasure holds that lock while it deletes, so what was under way when it began is
either deleted too or finds its account locked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from durable_chatkit.errors import AccountLockedError
from durable_chatkit.storage.acceptance_repository import IS_ERASED_SQL
from durable_chatkit.storage.run import StoppedRun
from durable_chatkit.storage.run_states import STOP_OF_USER
from durable_chatkit.storage.tables import METADATA
from todochat.database import Database

PURGE_BATCH: Final = 500

_IS_ERASED: Final = text(f"SELECT {IS_ERASED_SQL}")

_BEGIN: Final = text("""
    INSERT INTO erasures (account)
    VALUES (encode(sha256(convert_to(CAST(:user_id AS text), 'UTF8')), 'hex'))
    ON CONFLICT (account) DO UPDATE SET erased_at = NULL
""")
_END: Final = text("UPDATE erasures SET erased_at = now()")

_LOCK_THREADS: Final = text("""
    UPDATE threads SET status = '{"type": "locked", "reason": "This account is being erased."}'
     WHERE user_id = :user_id
""")
# What a worker still has in its hands. A queued run is nobody's, a lapsed lease is a dead worker's:
# neither can be claimed any more once these rows are locked, and every write is fenced by them.
_LOCK_RUNS: Final = text("""
    SELECT run_id, coalesce(closed_at IS NULL AND lease_until > now(), false) AS is_held
      FROM runs WHERE user_id = :user_id ORDER BY run_id FOR UPDATE
""")
_COUNT_HELD: Final = text("""
    SELECT count(*) FROM runs
     WHERE user_id = :user_id AND closed_at IS NULL AND lease_until > now()
""")

_PURGE: Final = text("""
    DELETE FROM erasures WHERE account IN (
        SELECT account FROM erasures
         WHERE erased_at < now() - CAST(:keep AS interval) LIMIT :batch)
    RETURNING 1
""")


class LockedRuns(msgspec.Struct, frozen=True):
    """All runs of a user, locked; `held` is how many of them a worker still has."""

    run_ids: list[str]
    held: int


class ErasureRepository:
    """Erases the user that the session is bound to."""

    def __init__(self, session: AsyncSession, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def begin(self) -> list[StoppedRun]:
        """Close the account and ask its active runs to stop; returns those. Repeatable."""
        values = {"user_id": self._user_id}
        await self._session.execute(_BEGIN, values)
        stopped = [StoppedRun(*row) for row in await self._session.execute(STOP_OF_USER, values)]
        await self._session.execute(_LOCK_THREADS, values)
        return stopped

    async def count_held(self) -> int:
        """Return how many runs a worker still has."""
        result = await self._session.execute(_COUNT_HELD, {"user_id": self._user_id})
        return int(result.scalar_one())

    async def lock_runs(self) -> LockedRuns:
        """Keep workers from claiming any of the user's runs until the transaction ends."""
        rows = (await self._session.execute(_LOCK_RUNS, {"user_id": self._user_id})).all()
        return LockedRuns([row.run_id for row in rows], sum(row.is_held for row in rows))

    async def delete_everything(self) -> None:
        """Delete every row of the user in every table that has a user, and note that it is done."""
        for table in reversed(METADATA.sorted_tables):
            if "user_id" in table.columns:
                mine = table.columns.user_id == self._user_id
                await self._session.execute(delete(table).where(mine))
        await self._session.execute(_END)


@asynccontextmanager
async def transaction_for_active_account(db: Database, user_id: str) -> AsyncIterator[AsyncSession]:
    """Open a user's transaction.

    Raises:
        AccountLockedError: the account is being erased, or was.
    """
    async with db.transaction(user_id) as session:
        await refuse_erased(session)
        yield session


async def refuse_erased(session: AsyncSession) -> None:
    """Go on only for an account that is open.

    Raises:
        AccountLockedError: the account of the bound user is being erased, or was.
    """
    if (await session.execute(_IS_ERASED)).scalar_one():
        raise AccountLockedError


async def purge_erasures(db: Database, keep_s: float) -> int:
    """Forget a batch of erased accounts, when no token of theirs can be valid any more.

    Args:
        db: bound to the role `chat_jobs`.
        keep_s: age since they were erased.

    Returns:
        How many went; call again while it is a full batch.
    """
    async with db.transaction(None) as session:
        values = {"keep": timedelta(seconds=keep_s), "batch": PURGE_BATCH}
        return len((await session.execute(_PURGE, values)).all())

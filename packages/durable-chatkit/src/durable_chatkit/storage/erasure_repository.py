"""Erases one user's data, and remembers erased accounts by a hash of the user's ID.

Code that inserts rows without a foreign key locks the user's row in `owners` first and then checks
for an erasure. An erasure holds that lock while it deletes, so the rows of a concurrent request are
either deleted, too, or never written because the account is locked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from sqlalchemy import text

from durable_chatkit.errors import AccountLockedError
from durable_chatkit.storage.acceptance_repository import IS_ERASED_SQL
from durable_chatkit.storage.run import StoppedRun
from durable_chatkit.storage.run_states import STOP_OF_USER
from durable_chatkit.storage.tables import METADATA
from todochat.database import Database
from todochat.database.sql_transaction import SqlExecutor

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
# `is_held`: a worker still works on the run. A queued run has no worker and an expired lease a dead
# one; neither can be claimed once these rows are locked, and every write is fenced by them.
_LOCK_RUNS: Final = text("""
    SELECT run_id, coalesce(closed_at IS NULL AND lease_until > now(), false) AS is_held
      FROM runs WHERE user_id = :user_id ORDER BY run_id FOR UPDATE
""")
_COUNT_HELD: Final = text("""
    SELECT count(*) FROM runs
     WHERE user_id = :user_id AND closed_at IS NULL AND lease_until > now()
""")


class LockedRuns(msgspec.Struct, frozen=True):
    """All runs of a user, locked; `held` is how many of them a worker still holds."""

    run_ids: list[str]
    held: int


class ChatErasureRepository:
    """Erases the user that the session is bound to."""

    def __init__(self, session: SqlExecutor, user_id: str) -> None:
        self._session = session
        self._user_id = user_id

    async def begin_erasure(self) -> list[StoppedRun]:
        """Close the account, cancel its active runs and return them; idempotent."""
        values = {"user_id": self._user_id}
        await self._session.execute(_BEGIN, values)
        stopped = [StoppedRun(*row) for row in await self._session.execute(STOP_OF_USER, values)]
        await self._session.execute(_LOCK_THREADS, values)
        return stopped

    async def count_held_runs(self) -> int:
        """Return how many runs a worker still holds."""
        result = await self._session.execute(_COUNT_HELD, {"user_id": self._user_id})
        return int(result.scalar_one())

    async def lock_runs(self) -> LockedRuns:
        """Lock all of the user's runs, so that none can be claimed until the transaction ends."""
        rows = (await self._session.execute(_LOCK_RUNS, {"user_id": self._user_id})).all()
        return LockedRuns([row.run_id for row in rows], sum(row.is_held for row in rows))

    async def delete_everything(self) -> None:
        """Delete the user's rows in all tables with a `user_id`, and complete the erasure."""
        for table in reversed(METADATA.sorted_tables):
            if "user_id" in table.columns:
                statement = f"DELETE FROM {table.name} WHERE user_id = :user_id"  # noqa: S608 - ours
                await self._session.execute(text(statement), {"user_id": self._user_id})
        await self._session.execute(_END)


@asynccontextmanager
async def transaction_for_active_account(db: Database, user_id: str) -> AsyncIterator[SqlExecutor]:
    """Open a user's transaction.

    Raises:
        AccountLockedError: the account is being erased or was erased.
    """
    async with db.sql_transaction(user_id) as session:
        await check_account_open(session)
        yield session


async def check_account_open(session: SqlExecutor) -> None:
    """Check that the account of the bound user is open.

    Raises:
        AccountLockedError: it is being erased or was erased.
    """
    if (await session.execute(_IS_ERASED)).scalar_one():
        raise AccountLockedError

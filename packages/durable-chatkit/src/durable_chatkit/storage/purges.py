"""Deletes expired rows of all users, one batch per call.

`db` is bound to the role `chat_jobs`. Each function returns how many rows it deleted; the caller
repeats the call until that is 0. Runs and their journals: `RunRepository.purge`.
"""

from datetime import date, timedelta
from typing import Final

from sqlalchemy import TextClause, text

from todochat.database import Database

PURGE_BATCH: Final = 500

_PURGE_UNATTACHED_FILES: Final = text("""
    DELETE FROM attachments WHERE (user_id, id) IN (
        SELECT user_id, id FROM attachments
         WHERE thread_id IS NULL AND created_at < now() - CAST(:keep AS interval)
         LIMIT :batch)
       AND thread_id IS NULL
    RETURNING 1
""")

_PURGE_ERASURES: Final = text("""
    DELETE FROM erasures WHERE account IN (
        SELECT account FROM erasures
         WHERE erased_at < now() - CAST(:keep AS interval) LIMIT :batch)
    RETURNING 1
""")

_PURGE_USAGE: Final = text("""
    DELETE FROM run_usage WHERE (run_id, key) IN (
        SELECT run_id, key FROM run_usage WHERE day < :before LIMIT :batch)
    RETURNING 1
""")


async def purge_unattached_files(db: Database, keep_s: float) -> int:
    """Delete files that were registered more than `keep_s` ago and never sent with a message."""
    return await _delete_batch(db, _PURGE_UNATTACHED_FILES, keep=timedelta(seconds=keep_s))


async def purge_erasures(db: Database, keep_s: float) -> int:
    """Delete the hashes of accounts that were erased more than `keep_s` ago.

    By then all tokens of these accounts must have expired.
    """
    return await _delete_batch(db, _PURGE_ERASURES, keep=timedelta(seconds=keep_s))


async def purge_usage(db: Database, today: date, keep_days: int) -> int:
    """Delete the usage of single runs from more than `keep_days` before `today`."""
    return await _delete_batch(db, _PURGE_USAGE, before=today - timedelta(days=keep_days))


async def _delete_batch(db: Database, statement: TextClause, **values: object) -> int:
    async with db.sql_transaction(None) as session:
        return len((await session.execute(statement, {**values, "batch": PURGE_BATCH})).all())

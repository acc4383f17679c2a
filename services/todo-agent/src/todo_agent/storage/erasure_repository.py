"""Which accounts are being erased, or were: a hash of the user's id that outlives everything else.

Whatever makes rows that hang on no other row takes the lock of the user's row in `owners` first and
then looks here. An erasure holds that lock while it deletes, so what was under way when it began is
either deleted too or finds its account locked.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from todochat.database import Database

PURGE_BATCH: Final = 500

# Policies show a user the own account's row only.
IS_ERASED_SQL: Final = "EXISTS (SELECT 1 FROM erasures)"

_IS_ERASED: Final = text(f"SELECT {IS_ERASED_SQL}")

_PURGE: Final = text("""
    DELETE FROM erasures WHERE account IN (
        SELECT account FROM erasures
         WHERE erased_at < now() - CAST(:keep AS interval) LIMIT :batch)
    RETURNING 1
""")


async def is_erased(session: AsyncSession) -> bool:
    """Tell whether the account of the bound user is being erased or was."""
    return bool((await session.execute(_IS_ERASED)).scalar_one())


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

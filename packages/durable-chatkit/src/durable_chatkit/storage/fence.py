"""The fence: a run's writes count only while its attempt is the latest."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# The row is locked for the rest of the transaction, so that a claim and what follows come one
# after the other: the loser of a takeover can't write after the winner has looked.
FENCE_SQL: Final = "SELECT 1 FROM runs WHERE run_id = :run_id AND attempt = :attempt FOR SHARE"

_FENCE: Final = text(FENCE_SQL)


async def is_fenced(session: AsyncSession, run_id: str, attempt: int) -> bool:
    """Hold the fence until the transaction ends; False if the attempt isn't the latest."""
    result = await session.execute(_FENCE, {"run_id": run_id, "attempt": attempt})
    return result.first() is not None

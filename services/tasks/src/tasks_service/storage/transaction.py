"""Transactions that report outages and lock timeouts as errors of this service."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from todochat.database import Database
from todochat.database.outage import is_outage, unavailable
from todochat.errors import ServiceError

_LOCK_TIMEOUT: Final = "55P03"


@asynccontextmanager
async def open_transaction(database: Database, user_id: str | None) -> AsyncIterator[AsyncSession]:
    """Open a transaction bound to a user.

    Raises:
        UnavailableError: PostgreSQL is unreachable or overloaded.
    """
    try:
        async with database.transaction(user_id) as session:
            yield session
    except (SQLAlchemyError, OSError) as error:
        if not is_outage(error):
            raise
        raise unavailable(error) from error


async def limit_lock_waits(session: AsyncSession, seconds: float) -> None:
    """Limit how long later statements of the transaction wait for a lock."""
    limit = func.set_config("lock_timeout", f"{int(seconds * 1000)}ms", True)
    await session.execute(select(limit))


@contextmanager
def lock_timeout_as(error: Callable[[], ServiceError]) -> Iterator[None]:
    """Convert a lock timeout into an error of this service."""
    try:
        yield
    except DBAPIError as cause:
        if getattr(cause.orig, "sqlstate", None) != _LOCK_TIMEOUT:
            raise
        raise error() from cause

"""Transactions that report outages and lock timeouts as errors of this service."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from todochat.database import Database
from todochat.database.engine import SQL_TRANSACTION
from todochat.database.outage import is_outage, unavailable
from todochat.database.sql_transaction import SqlExecutor, SqlTransaction
from todochat.errors import ServiceError

_LOCK_TIMEOUT: Final = "55P03"
_LIMIT_LOCK_WAITS: Final = text("SELECT set_config('lock_timeout', :limit, true)")

# A running timer isn't extended, so it is stopped first. Before PostgreSQL 17 there is none.
_LIMIT_TRANSACTION: Final = text("""
    SELECT set_config(name, '0', true), set_config(name, :limit, true)
      FROM pg_settings WHERE name = 'transaction_timeout'
""")


@asynccontextmanager
async def open_transaction(
    database: Database, user_id: str | None, *, is_snapshot: bool = False
) -> AsyncIterator[AsyncSession]:
    """Open a transaction bound to a user.

    Args:
        is_snapshot: all statements read the same state, and none can write.

    Raises:
        UnavailableError: PostgreSQL is unreachable or overloaded.
    """
    with _outages_as_errors():
        async with database.transaction(user_id, is_snapshot=is_snapshot) as session:
            yield session


@asynccontextmanager
async def open_sql_transaction(
    database: Database, user_id: str | None
) -> AsyncIterator[SqlTransaction]:
    """Open a transaction for plain SQL, as `open_transaction` does at a third of its cost.

    Raises:
        UnavailableError: PostgreSQL is unreachable or overloaded.
    """
    with _outages_as_errors():
        async with database.sql_transaction(user_id) as transaction:
            yield transaction


@contextmanager
def _outages_as_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        if not is_outage(error):
            raise
        raise unavailable(error) from error


def plain_sql(session: AsyncSession) -> SqlTransaction:
    """Return a session's open transaction for plain SQL, at a third of the cost of a statement.

    Changes of records that the session hasn't flushed aren't visible there.
    """
    transaction: SqlTransaction = session.info[SQL_TRANSACTION]
    return transaction


async def limit_lock_waits(transaction: SqlExecutor, seconds: float) -> None:
    """Limit how long later statements of the transaction wait for a lock."""
    await transaction.execute(_LIMIT_LOCK_WAITS, {"limit": f"{int(seconds * 1000)}ms"})


async def limit_transaction(transaction: SqlExecutor, seconds: float) -> None:
    """Give an open transaction this long from now on, in place of the engine's limit."""
    await transaction.execute(_LIMIT_TRANSACTION, {"limit": f"{int(seconds * 1000)}ms"})


@contextmanager
def lock_timeout_as(error: Callable[[], ServiceError]) -> Iterator[None]:
    """Convert a lock timeout into an error of this service."""
    try:
        yield
    except DBAPIError as cause:
        if getattr(cause.orig, "sqlstate", None) != _LOCK_TIMEOUT:
            raise
        raise error() from cause

"""SQLAlchemy engines and transactions, bound to a user where row-level security requires it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import AdaptedConnection, Engine, QueuePool, TextClause, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from todochat.database.pool_checks import check_connections
from todochat.database.sql_transaction import (
    NO_VALUES,
    Rows,
    SqlTransaction,
    begin_sql,
    driver_connection,
    open_connection,
)
from todochat.telemetry.metrics import PoolUse, watch_pool
from todochat.telemetry.tracing import fail, start_leaf

if TYPE_CHECKING:  # see `todochat.lean_imports.postpone_orm`
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

CONNECT_TIMEOUT_S: Final = 5.0
STATEMENT_TIMEOUT_S: Final = 10.0
POOL_TIMEOUT_S: Final = 5.0
IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 30.0
# On top of the longest statement. A process that freezes between two protocol messages keeps its
# locks, and neither of the other two timeouts ends such a transaction.
TRANSACTION_TIMEOUT_MARGIN_S: Final = 5.0
TRANSACTION_TIMEOUT_SINCE: Final = 17  # the major version of PostgreSQL that introduced it
SQL_TRANSACTION: Final = "sql_transaction"

_BYPASS: Final = text(
    "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = pg_roles.oid)"
    " FROM pg_roles WHERE rolname = current_user"
)


class BypassingRoleError(RuntimeError):
    """The database role would see the rows of all users."""


def asyncpg_url(url: str) -> URL:
    """Turn `postgresql://...` into SQLAlchemy's form for asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def create_engine(
    url: str,
    *,
    application_name: str,
    pool_size: int = 10,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
) -> AsyncEngine:
    """Create an engine with a pool of at most `pool_size` connections that reconnects.

    Connecting takes at most 5 s, waiting for a free connection 5 s, a statement
    `statement_timeout_s`; a transaction left idle is ended after 30 s. From PostgreSQL 17 on a whole
    transaction takes at most 5 s more than a statement.

    SQLAlchemy opens no transactions on it: `Database` does, in the round trip that binds the user.
    """
    engine = create_async_engine(
        asyncpg_url(url),
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_recycle=1800,
        pool_use_lifo=True,
        hide_parameters=True,  # errors are logged, and parameters have users' texts and hashes
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": statement_timeout_s + 1,
            "server_settings": {
                "application_name": application_name,
                "statement_timeout": str(int(statement_timeout_s * 1000)),
                "idle_in_transaction_session_timeout": str(
                    int(IDLE_IN_TRANSACTION_TIMEOUT_S * 1000)
                ),
                "timezone": "UTC",
                # Starting a worker takes longer than a request may, and all requests share the CPUs.
                "max_parallel_workers_per_gather": "0",
                "standard_conforming_strings": "on",  # as `begin_sql` quotes
            },
        },
    )
    limit_transactions(engine.sync_engine, statement_timeout_s + TRANSACTION_TIMEOUT_MARGIN_S)
    check_connections(engine.sync_engine)
    watch_pool("postgres", application_name, engine.sync_engine, _pool_use)
    return engine


def limit_transactions(engine: Engine, timeout_s: float) -> None:
    """Limit transactions of new connections to `timeout_s`, where PostgreSQL supports it."""

    @event.listens_for(engine, "connect")
    def limit(connection: AdaptedConnection, _record: object) -> None:
        version = connection.driver_connection.get_server_version()
        if version.major >= TRANSACTION_TIMEOUT_SINCE:
            setting = f"SET transaction_timeout = {int(timeout_s * 1000)}"
            connection.run_async(lambda driver: driver.execute(setting))


def _pool_use(engine: Engine) -> PoolUse:
    pool = cast("QueuePool", engine.pool)
    return PoolUse(pool.checkedout(), pool.checkedin(), pool.size())


class Database:
    """Opens transactions; the only place that commits."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._span_name = f"postgres {engine.url.database}"

    @cached_property
    def _sessions(self) -> "async_sessionmaker[AsyncSession]":
        from sqlalchemy.ext.asyncio import async_sessionmaker  # noqa: PLC0415 - see above

        return async_sessionmaker(expire_on_commit=False)

    @asynccontextmanager
    async def transaction(
        self, user_id: str | None = None, *, is_snapshot: bool = False
    ) -> "AsyncIterator[AsyncSession]":
        """Open a transaction; commit at the end, roll back on any error or cancellation.

        `rollback()` of the session ends it, too. `info[SQL_TRANSACTION]` is the same transaction for
        plain SQL.

        Args:
            user_id: owner of the rows that row-level security shows; None binds no user, so
                that a role under such policies sees no row at all.
            is_snapshot: all statements read the same state, and none can write.
        """
        async with (
            self._guarded(),
            self.engine.connect() as pooled,
            driver_connection(pooled) as connection,
        ):
            transaction = SqlTransaction(connection)
            await transaction.run(begin_sql(user_id, is_snapshot=is_snapshot))
            info = {SQL_TRANSACTION: transaction}
            async with self._sessions(bind=pooled, info=info) as session, session.begin() as begun:
                yield session
                is_kept = begun.is_active  # not after `session.rollback()`
            await transaction.run("COMMIT" if is_kept else "ROLLBACK")

    @asynccontextmanager
    async def sql_transaction(self, user_id: str | None = None) -> AsyncIterator[SqlTransaction]:
        """Open a transaction for plain SQL, as `transaction` does at a third of its cost."""
        async with self._guarded(), open_connection(self.engine) as connection:
            transaction = SqlTransaction(connection)
            await transaction.run(begin_sql(user_id))
            yield transaction
            await transaction.run("COMMIT")

    async def execute(
        self,
        statement: TextClause,
        values: Mapping[str, Any] = NO_VALUES,
        user_id: str | None = None,
    ) -> Rows:
        """Execute one statement in a transaction of its own; without a user in one round trip."""
        if user_id is not None:
            async with self.sql_transaction(user_id) as transaction:
                return await transaction.execute(statement, values)
        async with self._guarded(), open_connection(self.engine) as connection:
            return await SqlTransaction(connection).execute(statement, values)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Surround each transaction; subclasses check the database first, or translate errors."""
        yield

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        async with self.guard():
            # Covers the wait for a connection and the commit.
            work = start_leaf(self._span_name, attributes={"db.system.name": "postgresql"})
            try:
                yield
            except (SQLAlchemyError, OSError) as error:
                fail(work, error)
                raise
            finally:
                work.end()

    async def ping(self) -> None:
        """Raise if the database is unreachable."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def aclose(self) -> None:
        """Close the pool."""
        await self.engine.dispose()


async def refuse_bypassing_role(engine: AsyncEngine) -> None:
    """Reject a role to which row-level security doesn't apply.

    Raises:
        BypassingRoleError: the role is a superuser, has BYPASSRLS or owns a table.
    """
    async with engine.connect() as connection:
        if (await connection.execute(_BYPASS)).scalar_one():
            role = engine.url.username
            msg = f"database role {role!r} would bypass row-level security; use an app role"
            raise BypassingRoleError(msg)

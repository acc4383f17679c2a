"""Transactions on asyncpg's own API, for plain SQL on paths where its cost matters.

SQLAlchemy's session costs a small statement more than its execution does. Here a statement is
compiled once for the process, prepared once on each connection, and a transaction is bound to its
user in the round trip that opens it. The connections and the errors are SQLAlchemy's.
"""

from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol

import asyncpg
from sqlalchemy import SelectBase, TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio.engine import AsyncConnection

NO_VALUES: Final[Mapping[str, object]] = MappingProxyType({})
_DIALECT: Final = dialect()  # type: ignore[no-untyped-call]
_MAX_STATEMENTS: Final = 1000  # far more than a service has; pages and filters vary the text
_queries: Final[dict[Any, Any]] = {}
# The internal one is raised by a connection that is lost while a statement is sent.
_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

Connection = Any  # asyncpg's, which a pool may wrap


class Rows:
    """The rows of a result, named tuples, with the methods of SQLAlchemy's results that we use."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Return all rows."""
        return self._rows

    def first(self) -> Any:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    one_or_none = first

    def one(self) -> Any:
        """Return the first row.

        Raises:
            NoResultFound: there is none.
        """
        if not self._rows:
            raise NoResultFound
        return self._rows[0]

    def scalar_one(self) -> Any:
        """Return the first column of the first row.

        Raises:
            NoResultFound: there is none.
        """
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None


class SqlTransaction:
    """An open transaction, or a connection that commits each statement."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: TextClause, values: Mapping[str, Any] = NO_VALUES) -> Rows:
        """Execute a statement in one round trip.

        Raises:
            DBAPIError: PostgreSQL or the driver rejects it.
        """
        sql, names = _compile(statement.text)
        with _sqlalchemy_errors(sql):
            records = await self._connection.fetch(sql, *(values[name] for name in names))
        return _to_rows(records)

    async def select(self, query: SelectBase) -> Rows:
        """Execute a query in one round trip; the columns have the driver's types.

        Raises:
            DBAPIError: PostgreSQL or the driver rejects it.
            ValueError: its text depends on its values, as that of `in_` does; arrays don't.
        """
        sql, values = _compile_query(query)
        with _sqlalchemy_errors(sql):
            records = await self._connection.fetch(sql, *values)
        return _to_rows(records)

    async def run(self, sql: str) -> None:
        """Execute commands without parameters in one round trip.

        Raises:
            DBAPIError: PostgreSQL or the driver rejects them.
        """
        with _sqlalchemy_errors(sql):
            await self._connection.execute(sql)


class SqlExecutor(Protocol):
    """A transaction of plain SQL, or a session of SQLAlchemy."""

    async def execute(self, statement: TextClause, values: Mapping[str, Any] = ..., /) -> Any:
        """Execute a statement."""


@asynccontextmanager
async def open_connection(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """Take a connection of the pool; one whose state isn't known afterwards is closed."""
    async with engine.connect() as pooled, driver_connection(pooled) as connection:
        yield connection


@asynccontextmanager
async def driver_connection(pooled: AsyncConnection) -> AsyncIterator[Connection]:
    """Return the driver's connection; close it if its state isn't known afterwards."""
    connection = (await pooled.get_raw_connection()).driver_connection
    try:
        yield connection
    except BaseException as error:
        await _recover(pooled, connection, error)
        raise


async def _recover(pooled: AsyncConnection, connection: Connection, error: BaseException) -> None:
    """Roll back after an ordinary error; close the connection after an interrupted statement."""
    is_usable = isinstance(error, Exception) and not isinstance(error, OSError)
    if is_usable and not connection.is_closed():
        try:
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
        except (*_ERRORS, OSError):
            is_usable = False
    if not is_usable:
        await pooled.invalidate()


def begin_sql(user_id: str | None, *, is_snapshot: bool = False) -> str:
    """Return the SQL that opens a transaction, bound to a user unless that is None.

    All statements of a snapshot read the same state, and can't write.

    It is one round trip only as text without parameters, so the ID is quoted here; connections have
    `standard_conforming_strings`.

    Raises:
        ValueError: the ID has a NUL character, which no text in PostgreSQL can have.
    """
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if is_snapshot else "BEGIN"
    if user_id is None:
        return begin
    if "\0" in user_id:
        msg = "a user ID can't have a NUL character"
        raise ValueError(msg)
    quoted = user_id.replace("'", "''")
    return f"{begin}; SELECT set_config('app.user_id', '{quoted}', true)"


@lru_cache(_MAX_STATEMENTS)
def _compile(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return SQL with positional parameters, and their names in this order."""
    compiled = TextClause(sql).compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


def _compile_query(query: SelectBase) -> tuple[str, list[Any]]:
    """Return SQL with positional parameters, and their values.

    Queries that differ only in their values are compiled once, by SQLAlchemy's key for its own cache.
    """
    key = query._generate_cache_key()  # noqa: SLF001 - no public name; SQLAlchemy compiles by it
    if key is None:
        compiled: Any = query.compile(dialect=_DIALECT)
        values = compiled.construct_params()
    else:
        compiled = _queries.get(key.key)
        if compiled is None:
            compiled = query.compile(dialect=_DIALECT, cache_key=key)
            if len(_queries) >= _MAX_STATEMENTS:
                _queries.clear()
            _queries[key.key] = compiled
        values = compiled.construct_params(extracted_parameters=key.bindparams)
    if compiled.post_compile_params:
        msg = "the text of this query depends on its values"
        raise ValueError(msg)
    return compiled.string, [values[name] for name in compiled.positiontup or ()]


def _to_rows(records: list[Any]) -> Rows:
    if not records:
        return Rows([])
    return Rows(list(map(_row_maker(tuple(records[0].keys())), records)))


@lru_cache(_MAX_STATEMENTS)
def _row_maker(columns: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    row: Any = namedtuple("Row", columns, rename=True)  # type: ignore[misc]
    make: Callable[[Iterable[Any]], Any] = row._make
    return make


@contextmanager
def _sqlalchemy_errors(sql: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's; their messages have no parameters."""
    try:
        yield
    except _ERRORS as error:
        kind: type[DBAPIError] = DBAPIError
        if isinstance(error, asyncpg.IntegrityConstraintViolationError):
            kind = IntegrityError
        elif isinstance(error, asyncpg.SyntaxOrAccessError):
            kind = ProgrammingError
        raise kind(sql, None, error, hide_parameters=True) from error

"""Checks pooled connections at checkout, but pings only those that were idle.

SQLAlchemy's `pool_pre_ping` pings the server at every checkout: with asyncpg that is a separate
transaction, three round trips before a transaction that itself takes four. A recently used
connection needs no ping: asyncpg notices when its socket is closed.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

PING_AFTER_S: Final = 1.0  # of idleness; a server that died silently is noticed after that
_RESTED_SINCE: Final = "todochat_idle_since"


def check_connections(engine: Engine) -> None:
    """Check each connection at its checkout; a broken one invalidates the whole pool.

    A closed socket is detected without I/O. The server is pinged only after PING_AFTER_S of
    idleness, within the driver's `command_timeout`.
    """

    @event.listens_for(engine, "checkin")
    def record_checkin(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTED_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check_connection(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        idle_since = entry.info.get(_RESTED_SINCE)
        if idle_since is None:  # new
            return
        driver_connection: Any = entry.driver_connection
        if driver_connection.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - idle_since >= PING_AFTER_S and not _answers(engine, connection):
            raise InvalidatePoolError


def _answers(engine: Engine, connection: Any) -> bool:
    dialect: Any = engine.dialect
    try:
        return bool(dialect.do_ping(connection))
    except dialect.loaded_dbapi.Error as error:
        if dialect.is_disconnect(error, connection, None):
            return False
        raise

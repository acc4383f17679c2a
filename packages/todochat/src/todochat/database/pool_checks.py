"""Makes a pool look at a connection before it hands it out, but not each time.

SQLAlchemy's `pool_pre_ping` asks the server at every checkout: with asyncpg that is a transaction
of its own, three round trips before a transaction that itself takes four. A connection that was
used a moment ago needs no question: asyncpg hears when its socket is closed.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

PING_AFTER_S: Final = 1.0  # of rest; a server that died without a word is noticed after that
_RESTED_SINCE: Final = "todochat_rested_since"


def check_connections(engine: Engine) -> None:
    """Look at each connection at its checkout; one that is gone makes the whole pool connect anew.

    Whether its socket is open is known here. The server is asked only after PING_AFTER_S of rest,
    within the driver's `command_timeout`.
    """

    @event.listens_for(engine, "checkin")
    def note_rest(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTED_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        rested_since = entry.info.get(_RESTED_SINCE)
        if rested_since is None:  # new
            return
        driver_connection: Any = entry.driver_connection
        if driver_connection.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - rested_since >= PING_AFTER_S and not _answers(engine, connection):
            raise InvalidatePoolError


def _answers(engine: Engine, connection: Any) -> bool:
    dialect: Any = engine.dialect
    try:
        return bool(dialect.do_ping(connection))
    except dialect.loaded_dbapi.Error as error:
        if dialect.is_disconnect(error, connection, None):
            return False
        raise

"""Telling "the database is away or overloaded" from a fault of ours, and answering it with 503.

asyncpg's connection errors reach us as they are, others wrapped by SQLAlchemy; a service that
puts `OUTAGE_HANDLERS` on its routes answers all of them with 503 and Retry-After.
"""

import socket
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from todochat.errors import UnavailableError
from todochat.http.problems import handle_exception, handle_service_error

_CONNECTION_FAULTS: Final = (ConnectionError, TimeoutError, socket.gaierror, PoolTimeoutError)
# Classes and codes of SQLSTATE: connection lost, out of resources, shutting down or starting,
# and what another try may well get past: a timeout, a deadlock, a serialization failure.
_SQLSTATES: Final = ("08", "53", "57P0", "57014", "55P03", "40001", "40P01", "25P03")

log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether `error` means that the database is away or overloaded, so that waiting may help."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state is None:  # the driver's own word: the connection is gone, or an argument is wrong
            return error.orig is not None and not isinstance(error.orig.__cause__, ValueError)
        return error.connection_invalidated or str(state).startswith(_SQLSTATES)
    return isinstance(error, _CONNECTION_FAULTS)


def handle_database_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer 503 for an outage, 500 for anything else."""
    if not is_outage(error):
        return handle_exception(request, error)
    log.warning("database.unavailable", error=error)
    away = UnavailableError("The database can't be reached at this moment. Try again in a second.")
    return handle_service_error(request, away)


OUTAGE_HANDLERS: Final[ExceptionHandlersMap] = {
    SQLAlchemyError: handle_database_error,
    ConnectionError: handle_database_error,
    TimeoutError: handle_database_error,
    socket.gaierror: handle_database_error,
}

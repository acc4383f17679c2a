"""Distinguishes a database that is down or overloaded from a bug, and responds with 503.

A service that puts `OUTAGE_HANDLERS` on its routes answers every outage with 503 and Retry-After.
"""

import socket
from typing import Any, Final

import asyncpg
import structlog
from litestar import Request, Response
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from todochat.errors import UnavailableError
from todochat.http.problems import handle_exception, handle_service_error

_DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_CONNECTION_FAULTS: Final = (ConnectionError, TimeoutError, socket.gaierror, PoolTimeoutError)
# Classes and codes of SQLSTATE: connection lost, out of resources, shutting down or starting,
# and errors that a retry may avoid: a timeout, a deadlock, a serialization failure.
_SQLSTATES: Final = ("08", "53", "57P0", "57014", "55P03", "40001", "40P01", "25P03")
REJECTED_STATE: Final = "28P01"

log = structlog.get_logger(__name__)


def is_outage(error: BaseException) -> bool:
    """Return whether the database is down or overloaded, so that a retry may succeed.

    Errors of the driver itself come from a connection that is lost while it is opened. A password
    that is wrong while a process runs was rotated; the process is restarted with the new one.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        cause = error.orig and (error.orig.__cause__ or error.orig)
        state = getattr(error.orig, "sqlstate", None)
    elif isinstance(error, _DRIVER_ERRORS):
        cause, state = error, getattr(error, "sqlstate", None)
    else:
        return isinstance(error, _CONNECTION_FAULTS)
    if state is None:  # raised by the driver: the connection was lost, or an argument is invalid
        return cause is not None and not isinstance(cause, ValueError)
    return str(state).startswith((*_SQLSTATES, REJECTED_STATE))


def is_invalid_password(error: BaseException) -> bool:
    """Return whether the database has rejected the password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == REJECTED_STATE


def unavailable(error: BaseException) -> UnavailableError:
    """Log an outage and return the error that reports it to the caller."""
    log.warning("database.unavailable", error=error)
    return UnavailableError("The database can't be reached right now. Try again in a second.")


def handle_database_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Respond with 503 to an outage and with 500 to anything else."""
    if not is_outage(error):
        return handle_exception(request, error)
    return handle_service_error(request, unavailable(error))


OUTAGE_HANDLERS: Final[ExceptionHandlersMap] = {
    SQLAlchemyError: handle_database_error,
    ConnectionError: handle_database_error,
    TimeoutError: handle_database_error,
    socket.gaierror: handle_database_error,
    **dict.fromkeys(_DRIVER_ERRORS, handle_database_error),
}

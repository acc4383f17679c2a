"""Keeps log lines free of user content, model output, user ids and addresses.

User ids become keyed hashes: the lines of one user can be correlated, and found by operators with
the key. Errors are logged without quoted input: a validator quotes the value, PostgreSQL the row, a
model server the conversation. LOG_CONTENT=true turns both off.
"""

import hashlib
import hmac
import re
import traceback
from collections.abc import Iterator
from functools import lru_cache
from types import TracebackType
from typing import Any, Final

from structlog.typing import EventDict

from todochat.secret_text import secret_bytes

USER_HASH_CHARS: Final = 16  # 64 bits: two of a million people share one with a chance of 3e-8
MAX_ERROR_CHARS: Final = 300
MAX_FRAMES: Final = 30
MAX_CHAIN: Final = 5
MAX_DEPTH: Final = 2  # of nested groups
_QUOTING_SQLSTATES: Final = ("22", "23")  # data exceptions and constraints name values
_CLIENT_LIBRARIES: Final = frozenset({"redis", "aiohttp", "ssl", "socket"})
_PLAIN_LOGGERS: Final = ("uvicorn", "alembic")  # their messages are kept whole
# The part of a command that Redis errors quote: its keys contain user ids.
_COMMAND: Final = re.compile(r" \(.*\)(?= of pipeline)|, with args beginning with.*", re.DOTALL)


class LogSafety:
    """Rewrites log events; see the module.

    Args:
        user_key: key of the hashes; the same in every process of an installation.
        content: log everything unchanged.
    """

    def __init__(self, user_key: bytes, *, content: bool) -> None:
        self._content = content

        @lru_cache(maxsize=4096)
        def hashed(user_id: str) -> str:
            return hash_user(user_key, user_id)

        self._hashed = hashed

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """Rewrite one event."""
        user_id = event.pop("user_id", None)
        if user_id:
            event["user"] = self._hashed(str(user_id))
        for name, value in event.items():
            if isinstance(value, BaseException) and name != "exc_info":
                event[name] = repr(value) if self._content else describe_error(value)
        if not self._content:
            _rewrite_exception(event)
            _rewrite_foreign_event(event)
        return event


def derive_user_key(log_user_key: str, service_secret: str) -> bytes:
    """Return the key of the user hashes; empty if neither setting is set.

    LOG_USER_KEY, or else a key derived from TODOCHAT_SERVICE_SECRET.
    """
    if log_user_key:
        return secret_bytes(log_user_key)
    secret = service_secret.partition(",")[0].strip()
    return hashlib.sha256(b"todochat log users:" + secret.encode()).digest() if secret else b""


def hash_user(key: bytes, user_id: str) -> str:
    """Return the hash of a user id for log lines."""
    return hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:USER_HASH_CHARS]


def describe_error(error: BaseException) -> str:
    """Return an error's type and the part of its message that has no user content."""
    cause = getattr(error, "orig", error)  # the driver's error within SQLAlchemy's
    if cause is not error or isinstance(getattr(error, "sqlstate", None), str):
        return _describe_database_error(cause)
    if isinstance(error, OSError | ImportError):
        return repr(error)[:MAX_ERROR_CHARS]
    # Errors of client libraries are about their connection.
    if type(error).__module__.partition(".")[0] in _CLIENT_LIBRARIES:
        return _describe_client_error(error)
    facts = ", ".join(_facts(error))
    return f"{type(error).__name__}({facts})" if facts else type(error).__name__


def _facts(error: BaseException) -> Iterator[str]:
    """Yield a problem's code, the status of a model server, the number of validation errors."""
    for name in ("code", "status_code"):
        value = getattr(error, name, None)
        if isinstance(value, str | int):
            yield str(value)
    if callable(getattr(error, "error_count", None)):
        yield f"{error.error_count()} errors"  # type: ignore[attr-defined]


def _describe_database_error(error: object) -> str:
    name, state = type(error).__name__, getattr(error, "sqlstate", None)
    if state is None:
        cause = getattr(error, "__cause__", None) or error
        return repr(cause)[:MAX_ERROR_CHARS] if isinstance(cause, OSError) else name
    if str(state).startswith(_QUOTING_SQLSTATES):
        constraint = getattr(error, "constraint_name", None)
        return f"{name}({state}{f', {constraint}' if constraint else ''})"
    message = str(getattr(error, "args", [""])[0]).partition("\n")[0]
    return f"{name}({state}, {message})"[:MAX_ERROR_CHARS]


def _describe_client_error(error: BaseException) -> str:
    name = type(error).__name__
    if hasattr(error, "request_info"):  # aiohttp quotes the whole request, token included
        return f"{name}({getattr(error, 'status', '')})"
    message = _COMMAND.sub("", str(error))
    return f"{name}({message})"[:MAX_ERROR_CHARS]


def _rewrite_exception(event: EventDict) -> None:
    found = event.pop("exc_info", None)
    if found is True:
        # Called within the handler, so the exception is still current.
        import sys  # noqa: PLC0415 - nowhere else

        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_lines(error))


def _lines(error: BaseException, depth: int = 0) -> Iterator[str]:
    chain: BaseException | None = error
    for _ in range(MAX_CHAIN):
        if chain is None:
            return
        yield describe_error(chain)
        yield from _frames(chain.__traceback__)
        if isinstance(chain, BaseExceptionGroup) and depth < MAX_DEPTH:
            for member in chain.exceptions[:MAX_CHAIN]:
                yield from _lines(member, depth + 1)
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


def _frames(tb: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(tb)[-MAX_FRAMES:]:
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"


def _rewrite_foreign_event(event: EventDict) -> None:
    """Keep the format string of a library's log message, without its arguments."""
    record = event.get("_record")
    if record is None or event.get("_from_structlog") or record.name.startswith(_PLAIN_LOGGERS):
        return
    message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    event["event"] = message.partition("\n")[0][:MAX_ERROR_CHARS]

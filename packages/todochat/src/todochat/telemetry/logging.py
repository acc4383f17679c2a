"""Structured logs: JSON lines on stdout (or colours for a terminal).

Event names are constants of the form `noun.verb`; values are ids, never objects or secrets, and
errors themselves (`error=error`). Each line of a request has its `request_id`, the `user` as a
hash, the `run_id` and `thread_id` it is about, and the ids of its trace. `todochat.telemetry.log_safety`
removes sensitive content.
"""

import logging
import secrets
import sys
from contextvars import ContextVar
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from todochat.telemetry.log_safety import LogSafety
from todochat.telemetry.tracing import trace_ids

CACHES_LOGGERS = True  # tests set it to False: `capture_logs` can't see cached loggers

_NOISY: Final = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "asyncio",
    "aiohttp.access",
    "openai",
    "alembic",
    "chatkit",
)
_CONTENT: Final = {"enabled": False}

_subject: Final[ContextVar[dict[str, str]]] = ContextVar("todochat_log_subject")

log = structlog.get_logger(__name__)


def configure_logging(
    *, level: str, log_format: str, service: str, user_key: bytes = b"", content: bool = False
) -> None:
    """Send structlog and the standard library's loggers to stdout in one format.

    Args:
        user_key: key of the user hashes; random if empty.
        content: log user content, model output, and errors with their quoted input.
    """
    _CONTENT["enabled"] = content
    shared: list[Processor] = [
        _add_subject,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _add_origin(service),
        LogSafety(user_key or secrets.token_bytes(32), content=content),
    ]
    plain = structlog.dev.plain_traceback  # the other one shows local variables
    renderers: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
        if log_format == "console"
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(
                lambda event, **_options: msgspec.json.encode(event, enc_hook=repr).decode()
            ),
        ]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=CACHES_LOGGERS,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


def begin_subject(**names: str) -> None:
    """Replace the subject of later log lines, in this task and the tasks it starts."""
    _subject.set(names)


def bind(**names: str | None) -> None:
    """Add ids to the log lines of this request, in all of its tasks.

    Args:
        names: `user_id`, `run_id`, `thread_id`; None is skipped.
    """
    known = {name: value for name, value in names.items() if value}
    # In place: the caller may be a task that only does a lookup for the request.
    subject = _subject.get(None)
    if subject is not None:
        subject.update(known)


def log_content(event: str, **words: object) -> None:
    """Log user content or model output; no-op unless LOG_CONTENT is on."""
    if _CONTENT["enabled"]:
        log.info(event, **words)


def _add_subject(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {**_subject.get({}), **event}


def _add_origin(service: str) -> Processor:
    def processor(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event.update(trace_ids())
        return event

    return processor

"""Structured logs: JSON lines on stdout (or colours for a terminal), request id bound once.

Event names are constants of the form `noun.verb`; values are ids, never objects or secrets.
"""

import logging
import sys
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

_NOISY: Final = ("httpx", "httpcore", "asyncio", "aiohttp.access", "openai", "alembic")


def configure_logging(*, level: str, log_format: str, service: str) -> None:
    """Send structlog and the standard library's loggers to stdout in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _add_service(service),
    ]
    renderers: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if log_format == "console"
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_to_json)]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
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


def _add_service(service: str) -> Processor:
    def processor(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return processor


def _to_json(value: Any, **_options: Any) -> str:
    return msgspec.json.encode(value, enc_hook=repr).decode()

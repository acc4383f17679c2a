"""Redis down means a fast 503, wherever a request needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from chat_gateway.errors import StoreUnavailableError

TIMEOUT_S: Final = 3.0  # for all tries together; a busy event loop alone can take a second
FAILURES: Final = (RedisError, OSError, TimeoutError)

Pipe = Any
"""A redis-py pipeline, which types its commands as awaitables although they only queue up."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def redis_or_503() -> AsyncIterator[None]:
    """Turn a Redis failure, or 3 s without an answer, into `StoreUnavailableError`."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield
    except FAILURES as error:
        log.warning("redis.failed", error=error)
        detail = "Chat can't be reached right now; it comes back by itself."
        raise StoreUnavailableError(detail) from error

"""Turns a Redis outage into a fast 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from chat_gateway.errors import StoreUnavailableError

TIMEOUT_S: Final = 3.0  # for all attempts together; a busy event loop alone can take a second
REDIS_ERRORS: Final = (RedisError, OSError, TimeoutError)

Pipeline = Any
"""A redis-py pipeline, which types its commands as awaitables although they only queue up."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def redis_or_503() -> AsyncIterator[None]:
    """Turn a Redis failure, or a timeout after 3 s, into `StoreUnavailableError`."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield
    except REDIS_ERRORS as error:
        log.warning("redis.failed", error=error)
        detail = "Chat is temporarily unavailable. Try again in a moment."
        raise StoreUnavailableError(detail) from error

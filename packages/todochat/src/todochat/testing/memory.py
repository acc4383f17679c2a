"""A Redis that is out of memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis


@asynccontextmanager
async def out_of_memory(redis: Redis) -> AsyncIterator[None]:
    """Make a server reject writes as it does at `maxmemory`."""
    await redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await redis.config_set("maxmemory", 0)

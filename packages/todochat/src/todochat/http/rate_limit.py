"""Counting requests in Redis, for limits that hold over all processes of a service.

Why not the `limits` library: it opens connections of its own, and it says when there is room again
only in a second round trip. chat-gateway's admission has a script of its own: there a rate, a place
among the open streams and the revocation check are one question.
"""

import asyncio
import time
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from todochat.bus.redis_client import RedisClient

TIMEOUT_S: Final = 0.5  # for a count; far more than it takes, and little for one that waits
OUTAGE_PAUSE_S: Final = 1.0

log = structlog.get_logger(__name__)


class RateLimit:
    """At most `limit` requests of a subject in a window that begins with its first one.

    Redis only counts: while it is away everybody is let in, and for a second after each failure
    it isn't asked.

    Args:
        key: of the counters, `<key>:{<subject>}`; each expires with its window.
        limit: 0 for none.
    """

    def __init__(self, redis: RedisClient, key: str, *, limit: int, window_s: int) -> None:
        self._redis = redis
        self._key = key
        self._limit = limit
        self._window_s = window_s
        self._paused_until = 0.0

    async def take(self, subject: str, cost: int = 1) -> float:
        """Count a request as `cost` of them; return 0 if admitted, else the seconds to wait.

        It is admitted while any of the limit is left, so one that costs more than that still runs.
        """
        if not self._limit or time.monotonic() < self._paused_until:
            return 0
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._count(f"{self._key}:{{{subject}}}", cost)
        except (RedisError, OSError) as error:
            log.warning("rate_limit.unavailable", key=self._key, error=error)
            self._paused_until = time.monotonic() + OUTAGE_PAUSE_S
            return 0

    async def give_back(self, subject: str) -> None:
        """Take back a request that was counted and doesn't count after all."""
        if not self._limit or time.monotonic() < self._paused_until:
            return
        counter = f"{self._key}:{{{subject}}}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                pipeline: Any = self._redis.pipeline(transaction=True)
                # A window that has just ended is begun again, so that the counter expires.
                pipeline.set(counter, 0, ex=self._window_s, nx=True)
                pipeline.decr(counter)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("rate_limit.unavailable", key=self._key, error=error)
            self._paused_until = time.monotonic() + OUTAGE_PAUSE_S

    async def _count(self, counter: str, cost: int) -> float:
        pipeline: Any = self._redis.pipeline(transaction=True)
        pipeline.set(counter, 0, ex=self._window_s, nx=True)
        pipeline.incrby(counter, cost)
        pipeline.pttl(counter)
        _, used, left_ms = await pipeline.execute()
        return float(left_ms) / 1000 if used - cost >= self._limit else 0.0

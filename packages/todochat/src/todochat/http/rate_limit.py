"""Rate limits in Redis, shared by all processes of a service.

The `limits` library isn't used: it opens its own connections, and needs a second round trip to find
out when there is capacity again. chat-gateway's admission has its own script, which combines a rate,
a slot among the open streams and the revocation check in one round trip.
"""

import asyncio
import time
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from todochat.bus.redis_client import RedisClient

TIMEOUT_S: Final = 0.5  # of one count; far more than it takes, and short for a waiting client
OUTAGE_PAUSE_S: Final = 1.0

log = structlog.get_logger(__name__)


class RateLimit:
    """Allows `limit` requests of a subject in a window that begins with its first one.

    Fails open: while Redis is down all requests are admitted, and for a second after each failure
    it isn't called.

    Args:
        key: prefix of the counters, `<key>:{<subject>}`; each expires with its window.
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

        A request is admitted while any of the limit is left, even if it costs more than that.
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

    async def refund(self, subject: str) -> None:
        """Refund a counted request."""
        if not self._limit or time.monotonic() < self._paused_until:
            return
        counter = f"{self._key}:{{{subject}}}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                pipeline: Any = self._redis.pipeline(transaction=True)
                # The window may have just ended; set its expiry again, so that the counter expires.
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

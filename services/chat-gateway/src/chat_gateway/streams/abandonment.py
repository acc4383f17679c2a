"""Cancels the runs that nobody watches any more; `presence` says which those may be."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from chat_gateway.metrics import ABANDONED
from chat_gateway.streams import keys
from todochat.bus.redis_client import RedisClient
from todochat.errors import ServiceError, UnavailableError

BATCH: Final = 20
RETRY_S: Final = 10

# KEYS: absent runs. ARGV: now, most, when to try again. Takes what is due, and has it come back if
# whoever took it dies before it is done. It adds nothing, so a Redis that is full may run it.
_TAKE: Final = """#!lua flags=allow-oom
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[3], member)
end
return due
"""

# KEYS: viewers, resumable flag. ARGV: now. The question of `presence`, asked again after the grace.
_IS_UNWATCHED: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
return redis.call('ZCARD', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[2]) == 0
"""

log = structlog.get_logger(__name__)

CancelAbandoned = Callable[[str, str], Awaitable[bool]]
"""Cancels a run: (user id, run id) -> it was active; raises a ServiceError if it can't."""


class AbsenceWatch:
    """Looks after the runs whose last client went away; every gateway does, for all of them."""

    def __init__(self, redis: RedisClient, cancel: CancelAbandoned) -> None:
        self._redis = redis
        self._cancel = cancel

    async def sweep(self) -> None:
        """Cancel what is due.

        Raises:
            RedisError: what is not done yet comes back after 10 s.
        """
        now = time.time()
        for member in await self._redis.eval(_TAKE, 1, keys.ABSENT, now, BATCH, now + RETRY_S):
            run_id, _, user_id = member.decode().partition(" ")
            if await self._is_settled(user_id, run_id):
                await self._redis.zrem(keys.ABSENT, member)

    async def _is_settled(self, user_id: str, run_id: str) -> bool:
        if not await self._is_unwatched(run_id):
            return True
        try:
            was_active = await self._cancel(user_id, run_id)
        except UnavailableError as error:
            log.warning("run.abandon_failed", run_id=run_id, error=error.detail)
            return False
        except ServiceError as error:  # unknown, or ended long ago: nothing is left to cancel
            log.info("run.abandon_refused", run_id=run_id, code=error.code)
            return True
        if was_active:
            ABANDONED.inc()
            log.info("run.abandoned", run_id=run_id)
        return True

    async def _is_unwatched(self, run_id: str) -> bool:
        run_keys = (keys.viewers(run_id), keys.resumable(run_id))
        return bool(await self._redis.eval(_IS_UNWATCHED, 2, *run_keys, time.time()))

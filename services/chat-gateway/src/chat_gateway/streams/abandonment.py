"""Cancels runs whose last client left and didn't return within the grace period."""

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

# KEYS: unwatched runs. ARGV: now, batch size, time of the next attempt. Returns the runs that are
# due and postpones them, so that another gateway retries if this one dies. It adds nothing, so a
# full Redis may run it.
_CLAIM_DUE: Final = """#!lua flags=allow-oom
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[3], member)
end
return due
"""

# KEYS: viewers, resumable flag. ARGV: now. The check of `viewer_leases`, repeated after the grace
# period.
_IS_UNWATCHED: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
return redis.call('ZCARD', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[2]) == 0
"""

log = structlog.get_logger(__name__)

CancelRun = Callable[[str, str], Awaitable[bool]]
"""Cancels a run: (user id, run id) -> whether it was active; raises a ServiceError on failure."""


class AbandonedRunSweeper:
    """Cancels abandoned runs; every gateway sweeps the runs of all gateways."""

    def __init__(self, redis: RedisClient, cancel_run: CancelRun) -> None:
        self._redis = redis
        self._cancel_run = cancel_run

    async def sweep(self) -> None:
        """Cancel a batch of runs whose grace period has ended.

        Raises:
            RedisError: the remaining runs are retried after 10 s.
        """
        now = time.time()
        for member in await self._redis.eval(
            _CLAIM_DUE, 1, keys.UNWATCHED_RUNS, now, BATCH, now + RETRY_S
        ):
            run_id, _, user_id = member.decode().partition(" ")
            run_keys = (keys.viewers(run_id), keys.resumable(run_id))
            is_unwatched = await self._redis.eval(_IS_UNWATCHED, 2, *run_keys, time.time())
            if not is_unwatched or await self._cancel(user_id, run_id):
                await self._redis.zrem(keys.UNWATCHED_RUNS, member)

    async def _cancel(self, user_id: str, run_id: str) -> bool:
        """Cancel a run; return False if the attempt must be repeated."""
        try:
            was_active = await self._cancel_run(user_id, run_id)
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

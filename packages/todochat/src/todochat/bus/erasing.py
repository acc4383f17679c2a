"""Deletes runs from Redis when an account is erased."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from todochat.bus.errors import BusUnavailableError
from todochat.bus.keys import log_key, meta_key
from todochat.bus.limits import DEFAULT_LIMITS
from todochat.bus.redis_client import RedisClient

_BATCH: Final = 500


async def erase_runs(redis: RedisClient, run_ids: Sequence[str]) -> None:
    """Delete the logs and metas of runs; expired ones are ignored.

    Raises:
        BusUnavailableError: Redis is unreachable; retry later with the same runs.
    """
    try:
        async with asyncio.timeout(DEFAULT_LIMITS.call_timeout_s):
            for start in range(0, len(run_ids), _BATCH):
                # One command per run, since in a cluster each run's keys have their own slot.
                pipeline: Any = redis.pipeline(transaction=False)
                for run_id in run_ids[start : start + _BATCH]:
                    pipeline.unlink(log_key(run_id), meta_key(run_id))
                await pipeline.execute()
    except (RedisError, OSError, TimeoutError) as error:
        raise BusUnavailableError("The runs could not be erased from Redis.") from error

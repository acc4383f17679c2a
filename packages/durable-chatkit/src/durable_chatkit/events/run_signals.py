"""Signals workers through Redis; PostgreSQL is the source of truth.

Signals are best effort: a failed one is logged and counted, and the request continues, because
workers poll for queued runs every second and for cancel requests at each lease renewal. The
exception is a Redis out of memory, which couldn't store the run's log.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

import structlog
from redis.exceptions import RedisError

from durable_chatkit.metrics import SIGNALS_FAILED
from durable_chatkit.storage.run import StoppedRun
from todochat import bus
from todochat.bus.redis_client import RedisClient

SIGNAL_TIMEOUT_S: Final = 1.0

log = structlog.get_logger(__name__)


class RunSignals:
    """Sends signals about runs to workers and gateways."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def register_run(self, run_id: str, user_id: str, thread_id: str) -> None:
        """Publish a run's owner to the gateways; called before the accepting transaction commits.

        Raises:
            BusFullError: Redis is out of memory, so the run must not be accepted.
        """
        registering = bus.register(self._redis, run_id, user_id=user_id, thread_id=thread_id)
        await self._send("register", registering)

    async def notify_accepted(self) -> None:
        """Wake the workers after a run was accepted."""
        await self._send("accepted", bus.wake(self._redis))

    async def request_stop(self, runs: Sequence[StoppedRun]) -> None:
        """Wake workers to cancel their runs, and any worker to end unclaimed ones."""

        async def poke() -> None:
            for run in runs:
                if run.worker_id is None:
                    await bus.wake(self._redis)
                else:
                    await bus.poke(self._redis, run.worker_id, run.run_id)

        await self._send("stop", poke())

    async def _send(self, signal: str, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(SIGNAL_TIMEOUT_S):
                await sending
        except bus.BusFullError:
            SIGNALS_FAILED.labels(signal).inc()
            raise
        except (bus.BusUnavailableError, RedisError, OSError, TimeoutError) as error:
            SIGNALS_FAILED.labels(signal).inc()
            log.warning("signal.failed", signal=signal, error=error)

"""Tells workers through Redis that there is something to do; the truth is in PostgreSQL.

A signal that can't be sent is logged and counted, and the request goes on: workers look for queued
runs every second and for cancel requests at each renewal of their leases. The exception is a Redis
that is out of memory, which can't take a run's log.
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
    """Sends signals about runs."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def register_run(self, run_id: str, user_id: str, thread_id: str) -> None:
        """Tell the gateways whose run it is, before the transaction that accepts it commits.

        Raises:
            BusFullError: Redis is out of memory, so the run must not be accepted.
        """
        registering = bus.register(self._redis, run_id, user_id=user_id, thread_id=thread_id)
        await self._send("register", registering)

    async def notify_accepted(self) -> None:
        """Wake the workers: a run was accepted."""
        await self._send("accepted", bus.wake(self._redis))

    async def request_stop(self, runs: Sequence[StoppedRun]) -> None:
        """Wakes workers to cancel their runs and reassigns unclaimed ones."""

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

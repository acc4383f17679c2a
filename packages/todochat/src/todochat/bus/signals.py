"""Signals from the api to workers: a run was accepted, or a run's state has changed."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError

from todochat.bus.errors import BusFullError, BusUnavailableError
from todochat.bus.keys import WAKE_CHANNEL, control_channel, live_channel, log_key, meta_key
from todochat.bus.limits import DEFAULT_LIMITS
from todochat.bus.redis_client import RedisClient
from todochat.bus.scripts import REGISTER
from todochat.bus.subscriber import CallbackListener, Subscriber


async def register(redis: RedisClient, run_id: str, *, user_id: str, thread_id: str) -> None:
    """Write a run's meta, just before PostgreSQL accepts the run.

    Does nothing if a worker has claimed the run already.

    Raises:
        BusFullError: Redis is out of memory. Don't accept the run.
        BusUnavailableError: Redis is unreachable. The run can be accepted anyway: workers poll, and
            their claim writes the missing meta.
    """
    keys = (meta_key(run_id), log_key(run_id), live_channel(run_id))
    arguments = (*keys, user_id, thread_id, DEFAULT_LIMITS.live_ttl_s)
    try:
        try:
            await redis.evalsha(REGISTER.sha, len(keys), *arguments)
        except NoScriptError:
            await redis.eval(REGISTER.source, len(keys), *arguments)
    except OutOfMemoryError as error:
        raise BusFullError("Redis is out of memory for another run.") from error
    except RedisError as error:
        raise BusUnavailableError("The run could not be registered.") from error


async def wake(redis: RedisClient) -> None:
    """Wake idle workers: there is a run to claim.

    Raises:
        BusUnavailableError: Redis is unreachable; workers poll anyway.
    """
    await _publish(redis, WAKE_CHANNEL, b"")


async def poke(redis: RedisClient, worker_id: str, run_id: str) -> None:
    """Ask a worker to read a run's state in PostgreSQL now, for example after a cancel.

    Raises:
        BusUnavailableError: Redis is unreachable; the worker checks at its next lease renewal.
    """
    await _publish(redis, control_channel(worker_id), run_id.encode())


async def _publish(redis: RedisClient, channel: bytes, message: bytes) -> None:
    try:
        await redis.publish(channel, message)
    except RedisError as error:
        raise BusUnavailableError("The workers could not be notified.") from error


class WorkerChannels:
    """Receives a worker's signals: `chat:wake` and its control channel, on one connection.

    Delivery is best effort: the worker also polls, and renews its leases.
    """

    def __init__(self, redis: RedisClient, worker_id: str) -> None:
        self._subscriber = Subscriber(redis)
        self._control_channel = control_channel(worker_id)
        self._woken = asyncio.Event()
        self._callbacks: list[Callable[[str], None]] = []

    async def __aenter__(self) -> Self:
        # A new connection wakes, too: an earlier wake may have been missed.
        wake_listener = CallbackListener(lambda _: self._woken.set(), self._woken.set)
        self._subscriber.add(WAKE_CHANNEL, wake_listener)
        self._subscriber.add(self._control_channel, CallbackListener(self._poked))
        await self._subscriber.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._subscriber.aclose()

    def on_control(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the run id of each poke; it must not block."""
        self._callbacks.append(callback)

    async def wait_wake(self, timeout_s: float) -> None:
        """Return once workers were woken since the last call, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _poked(self, message: bytes) -> None:
        for callback in self._callbacks:
            callback(message.decode())

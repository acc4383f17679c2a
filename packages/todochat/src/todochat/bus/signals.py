"""From the api to the workers: a run was accepted, look at that run now."""

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

    A run that a worker has already claimed stays as it is.

    Raises:
        BusFullError: Redis has no memory for another run. Don't accept it.
        BusUnavailableError: Redis can't be reached. The run can be accepted all the same: workers
            poll, and their claim writes what is missing.
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
        BusUnavailableError: Redis can't be reached; workers poll anyway.
    """
    await _publish(redis, WAKE_CHANNEL, b"")


async def poke(redis: RedisClient, worker_id: str, run_id: str) -> None:
    """Ask a worker to look up a run's state in PostgreSQL now, for example after a cancel.

    Raises:
        BusUnavailableError: Redis can't be reached; the worker looks at its next lease renewal.
    """
    await _publish(redis, control_channel(worker_id), run_id.encode())


async def _publish(redis: RedisClient, channel: bytes, message: bytes) -> None:
    try:
        await redis.publish(channel, message)
    except RedisError as error:
        raise BusUnavailableError("The workers could not be told.") from error


class WorkerChannels:
    """A worker's ear: `chat:wake` and its own control channel, on one connection.

    Both are hints that may be lost: the worker also polls, and renews its leases.
    """

    def __init__(self, redis: RedisClient, worker_id: str) -> None:
        self._subscriber = Subscriber(redis)
        self._control_channel = control_channel(worker_id)
        self._woken = asyncio.Event()
        self._callbacks: list[Callable[[str], None]] = []

    async def __aenter__(self) -> Self:
        # A connection that was made (again) wakes, too: a wake may have been missed before.
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
        """Return when workers were woken since the last call, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _poked(self, message: bytes) -> None:
        for callback in self._callbacks:
            callback(message.decode())

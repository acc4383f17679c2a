"""Draining: the phase between SIGTERM and the last response."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

CALLBACK_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


class Drain:
    """Signals the shutdown to the parts of one process."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Awaitable[None]]] = []
        self._begun = asyncio.Event()

    @property
    def is_draining(self) -> bool:
        """True after SIGTERM; readiness then responds with 503."""
        return self._begun.is_set()

    def on_drain(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Await `callback` once, after DRAIN_DELAY_S and before the sockets close.

        It has 5 s; a failure is logged and doesn't stop the shutdown.
        """
        self._callbacks.append(callback)

    def begin(self) -> None:
        """Mark the process as draining; new requests are still accepted."""
        self._begun.set()

    async def wait_begun(self) -> None:
        """Return when draining has begun."""
        await self._begun.wait()

    async def finish(self) -> None:
        """Run the callbacks concurrently."""
        results = await asyncio.gather(
            *(asyncio.wait_for(callback(), CALLBACK_TIMEOUT_S) for callback in self._callbacks),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                log.error("drain.callback_failed", error=result)

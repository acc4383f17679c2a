"""Draining: what a process does between SIGTERM and its last answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

CALLBACK_TIMEOUT_S: Final = 5.0

log = structlog.get_logger(__name__)


class Drain:
    """Tells the parts of one process that it is going down."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Awaitable[None]]] = []
        self._begun = asyncio.Event()

    @property
    def is_draining(self) -> bool:
        """Whether SIGTERM has come; readiness answers 503 from then on."""
        return self._begun.is_set()

    def on_drain(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have `callback` awaited once, after DRAIN_DELAY_S and before the sockets close.

        It gets 5 s; a failure is logged and doesn't keep the process from going down.
        """
        self._callbacks.append(callback)

    def begin(self) -> None:
        """Mark the process as draining; new work is still answered."""
        self._begun.set()

    async def wait_begun(self) -> None:
        """Return when draining has begun."""
        await self._begun.wait()

    async def finish(self) -> None:
        """Run the callbacks, all at once."""
        results = await asyncio.gather(
            *(asyncio.wait_for(callback(), CALLBACK_TIMEOUT_S) for callback in self._callbacks),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                log.error("drain.callback_failed", error=result)

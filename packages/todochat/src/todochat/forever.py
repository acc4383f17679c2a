"""Loops that a process cannot do without."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

PAUSE_S: Final = 1.0

log = structlog.get_logger(__name__)


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled.

    An error that `work` didn't expect is logged, and after a second it begins anew: a process
    that looks healthy while one of its loops has ended would serve nobody until it is restarted.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("loop.crashed", loop=name)
        await asyncio.sleep(PAUSE_S)

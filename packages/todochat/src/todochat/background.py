"""Background tasks: loops that a process cannot do without, and how to end them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

RESTART_DELAY_S: Final = 1.0
MAX_CANCELS: Final = 50
CANCEL_AGAIN_S: Final = 0.1

log = structlog.get_logger(__name__)


async def run_forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; restart it after 1 s when it returns or fails.

    An unexpected error is logged: a process that looks healthy while one of its loops has ended
    would serve nobody until it is restarted.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("loop.crashed", loop=name)
        await asyncio.sleep(RESTART_DELAY_S)


async def stop_task(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended, for at most 5 s; the caller inspects its result.

    Cancelling once is not enough: redis-py awaits `asyncio.wait_for`, which below Python 3.12
    loses a cancellation that arrives when the awaited future has just finished
    (python/cpython#86296), and a loop around it then never ends.
    """
    for _ in range(MAX_CANCELS):
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        if task.done():
            return
    log.error("task.not_stopped", task=task.get_name())

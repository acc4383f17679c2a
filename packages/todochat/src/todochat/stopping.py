"""Ending background tasks for certain."""

import asyncio
from typing import Any, Final

import structlog

MAX_CANCELS: Final = 50
CANCEL_AGAIN_S: Final = 0.1

log = structlog.get_logger(__name__)


async def stop_task(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended; its result or error is left for the caller to look at.

    Once is not enough: redis-py awaits `asyncio.wait_for`, which below Python 3.12 loses a
    cancellation that arrives when what it waits for has just finished (python/cpython#86296), and
    a loop around it then goes on for ever.
    """
    for _ in range(MAX_CANCELS):
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
        if task.done():
            return
    log.error("task.not_stopped", task=task.get_name())

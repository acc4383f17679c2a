"""The queue of one viewer: waits that share a timer."""

import asyncio

from todochat.bus.limits import DEFAULT_LIMITS
from todochat.bus.watch import ViewerQueue


async def wait_woken(queue: ViewerQueue, timeout_s: float) -> None:
    """Wait, and be woken before the timeout."""
    waiting = asyncio.create_task(queue.wait(timeout_s))
    await asyncio.sleep(0)
    queue.wake()
    await waiting


async def test_short_wait_ends_although_the_timer_is_that_of_a_long_one() -> None:
    queue = ViewerQueue(DEFAULT_LIMITS)
    await wait_woken(queue, 600)

    async with asyncio.timeout(5):
        await queue.wait(0.01)


async def test_long_wait_outlasts_the_timer_of_a_short_one() -> None:
    queue = ViewerQueue(DEFAULT_LIMITS)
    now = asyncio.get_running_loop().time
    await wait_woken(queue, 0.01)
    began = now()

    await queue.wait(0.1)

    assert now() - began > 0.09  # a timer may be early by the clock's resolution


async def test_closed_queue_keeps_no_timer() -> None:
    queue = ViewerQueue(DEFAULT_LIMITS)
    await wait_woken(queue, 600)
    timer = queue._timer
    assert timer is not None

    queue.close()

    assert timer.cancelled()

"""A task ends although a library loses its first cancellation."""

import asyncio

from todochat.background import stop_task


async def test_a_task_that_loses_cancellations_is_cancelled_again() -> None:
    lost: list[str] = []

    async def work() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if len(lost) == 2:
                    raise
                lost.append("cancellation")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)

    await stop_task(task)

    assert task.cancelled()
    assert len(lost) == 2


async def test_a_task_that_has_ended_is_left_alone() -> None:
    async def fail() -> None:
        raise ValueError("its own")

    task = asyncio.create_task(fail())
    await asyncio.wait({task})

    await stop_task(task)

    assert isinstance(task.exception(), ValueError)

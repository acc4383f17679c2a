"""The queue's length, when the database is slow to tell it or doesn't."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from durable_chatkit.run_backlog import RunBacklog


class Runs:
    """Counts as told, and how often it was asked."""

    def __init__(self, answer: Callable[[], Awaitable[int]]) -> None:
        self._answer = answer
        self.asked = 0

    async def count_queued(self) -> int:
        self.asked += 1
        return await self._answer()


def queue_of(answer: Callable[[], Awaitable[int]]) -> tuple[Any, RunBacklog]:
    runs: Any = Runs(answer)
    return runs, RunBacklog(runs, max_queued=1)


async def test_a_database_that_hangs_is_asked_once_and_holds_up_nobody() -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    runs, queue = queue_of(hang)

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(queue.is_full() for _ in range(20)))

    assert answers == [False] * 20
    assert runs.asked == 1


async def test_a_database_that_is_away_leaves_the_queue_open_and_is_asked_once_a_second() -> None:
    async def refuse() -> int:
        raise ConnectionRefusedError

    runs, queue = queue_of(refuse)

    answers = [await queue.is_full() for _ in range(20)]

    assert answers == [False] * 20
    assert runs.asked == 1


async def test_a_fault_of_ours_is_not_taken_for_an_outage() -> None:
    async def fail() -> int:
        raise RuntimeError("bug")

    _, queue = queue_of(fail)

    with pytest.raises(RuntimeError, match="bug"):
        await queue.is_full()

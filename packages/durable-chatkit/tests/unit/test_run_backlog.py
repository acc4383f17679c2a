"""RunBacklog with a slow or unreachable database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from durable_chatkit.chat_service import RunBacklog


class Runs:
    """A fake RunRepository that counts its calls."""

    def __init__(self, answer: Callable[[], Awaitable[int]]) -> None:
        self._answer = answer
        self.calls = 0

    async def count_queued(self) -> int:
        self.calls += 1
        return await self._answer()


def queue_of(answer: Callable[[], Awaitable[int]]) -> tuple[Any, RunBacklog]:
    runs: Any = Runs(answer)
    return runs, RunBacklog(runs, max_queued=1)


async def test_hanging_database_is_queried_once_and_blocks_no_caller() -> None:
    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    runs, queue = queue_of(hang)

    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(queue.is_full() for _ in range(20)))

    assert answers == [False] * 20
    assert runs.calls == 1


async def test_database_outage_counts_as_empty_queue_for_a_second() -> None:
    async def refuse() -> int:
        raise ConnectionRefusedError

    runs, queue = queue_of(refuse)

    answers = [await queue.is_full() for _ in range(20)]

    assert answers == [False] * 20
    assert runs.calls == 1


async def test_bug_is_not_treated_as_outage() -> None:
    async def fail() -> int:
        raise RuntimeError("bug")

    _, queue = queue_of(fail)

    with pytest.raises(RuntimeError, match="bug"):
        await queue.is_full()

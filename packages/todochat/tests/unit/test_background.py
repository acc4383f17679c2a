import asyncio

import pytest

from todochat.background import run_forever


async def test_a_loop_that_fails_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todochat.background.RESTART_DELAY_S", 0)
    done = asyncio.Event()
    starts: list[int] = []

    async def work() -> None:
        starts.append(len(starts))
        if len(starts) < 3:
            raise ZeroDivisionError
        done.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(run_forever("work", work))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    await asyncio.wait([task])

    assert starts == [0, 1, 2]
    assert task.cancelled()

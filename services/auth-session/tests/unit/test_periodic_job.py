"""Jobs that go on after a failure and end when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auth_session.service import periodic_job
from auth_session.service.periodic_job import PeriodicJob, running
from todochat.testing.waiting import wait_until


class Work:
    """Fails as often as it is told to, then succeeds."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs <= self.failures:
            msg = "the store is away"
            raise ConnectionError(msg)


def make_job(run: Callable[[], Awaitable[None]], **changes: Any) -> PeriodicJob:
    values = {"name": "job", "run": run, "interval_s": 60, "timeout_s": 10, "retry_s": 0.001}
    return PeriodicJob(**{**values, **changes})


async def test_it_runs_at_once_and_again_after_its_interval() -> None:
    work = Work()

    async with running([make_job(work, interval_s=0.001)]):
        await wait_until(lambda: work.runs >= 3)


async def test_after_failures_it_is_tried_again_sooner_than_its_interval() -> None:
    work = Work(failures=3)

    async with running([make_job(work)]):
        await wait_until(lambda: work.runs == 4)


async def test_a_run_that_hangs_is_ended_by_its_timeout() -> None:
    hung = asyncio.Event()
    begun = []

    async def hang() -> None:
        begun.append(1)
        await hung.wait()

    async with running([make_job(hang, timeout_s=0.01)]):
        await wait_until(lambda: len(begun) >= 2)


async def test_a_run_in_progress_may_finish_at_the_end() -> None:
    begun, go, finished = asyncio.Event(), asyncio.Event(), []

    async def run() -> None:
        begun.set()
        await go.wait()
        finished.append(True)

    async with running([make_job(run)]):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.01, go.set)

    assert finished == [True]


async def test_one_that_does_not_finish_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic_job, "STOP_TIMEOUT_S", 0.01)
    begun, cancelled = asyncio.Event(), []

    async def run() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async with running([make_job(run)]):
        await begun.wait()

    assert cancelled == [True]

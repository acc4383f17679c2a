"""Background work repeats, survives its failures, and stops on request."""

import asyncio
from contextlib import suppress

import pytest

from todochat.background import (
    PeriodicJob,
    run_cancellable,
    run_forever,
    running_jobs,
    running_task,
    stop_task,
)
from todochat.testing.logs import captured_logs


async def test_run_forever_restarts_a_loop_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todochat.background.RESTART_DELAY_S", 0)
    done = asyncio.Event()
    starts: list[int] = []

    async def work() -> None:
        starts.append(len(starts))
        if len(starts) < 3:
            raise ZeroDivisionError
        done.set()
        await asyncio.Event().wait()

    async with running_task("work", run_forever("work", work)), asyncio.timeout(5):
        await done.wait()

    assert starts == [0, 1, 2]


async def test_periodic_job_repeats_after_a_failure_and_reports_it() -> None:
    failures: list[str] = []
    runs: list[int] = []
    done = asyncio.Event()

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise ZeroDivisionError
        if len(runs) == 3:
            done.set()

    job = PeriodicJob(
        name="work", run=work, interval_s=0.001, timeout_s=5, on_failure=failures.append
    )
    async with running_jobs(job), asyncio.timeout(5):
        await done.wait()

    assert failures == ["work"]


async def test_jobs_start_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todochat.background.START_APART_S", 3600)
    repeated = asyncio.Event()
    runs: list[str] = []

    def job(name: str) -> PeriodicJob:
        async def work() -> None:
            runs.append(name)
            if len(runs) == 3:
                repeated.set()

        return PeriodicJob(name=name, run=work, interval_s=0.001, timeout_s=5)

    async with running_jobs(job("first"), job("second")), asyncio.timeout(5):
        await repeated.wait()

    assert set(runs) == {"first"}


async def test_periodic_job_ends_a_run_at_its_timeout() -> None:
    failed = asyncio.Event()

    async def hang() -> None:
        await asyncio.Event().wait()

    job = PeriodicJob(
        name="hang",
        run=hang,
        interval_s=60,
        timeout_s=0.01,
        on_failure=lambda _: failed.set(),
    )

    async with running_jobs(job), asyncio.timeout(5):
        await failed.wait()


async def test_running_jobs_lets_a_run_in_progress_finish() -> None:
    started, may_finish = asyncio.Event(), asyncio.Event()
    finished: list[bool] = []

    async def work() -> None:
        started.set()
        await may_finish.wait()
        finished.append(True)

    job = PeriodicJob(name="work", run=work, interval_s=60, timeout_s=30)
    async with asyncio.timeout(5):
        async with running_jobs(job):
            await started.wait()
            asyncio.get_running_loop().call_soon(may_finish.set)

    assert finished == [True]


async def test_running_jobs_cancels_a_late_run_that_loses_its_first_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("todochat.background.STOP_TIMEOUT_S", 0.01)
    lost: list[str] = []
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("cancellation")

    job = PeriodicJob(name="work", run=work, interval_s=60, timeout_s=60)
    async with asyncio.timeout(5):
        async with running_jobs(job):
            await started.wait()

    assert lost == ["cancellation"]


async def test_stop_task_cancels_again_when_a_cancellation_is_lost() -> None:
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


async def test_stop_task_leaves_the_error_of_an_ended_task_to_the_caller() -> None:
    async def fail() -> None:
        raise ValueError("its own")

    task = asyncio.create_task(fail())
    await asyncio.wait({task})

    await stop_task(task)

    assert isinstance(task.exception(), ValueError)


async def test_cancelled_work_has_time_to_clean_up() -> None:
    cleaned = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    task = asyncio.create_task(run_cancellable(work(), "work"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    asyncio.get_running_loop().call_soon(task.cancel)  # a second one doesn't cut it short

    async with asyncio.timeout(5):
        await asyncio.wait({task})

    assert task.cancelled()
    assert cleaned.is_set()


async def test_work_that_ignores_its_cancellation_is_left_behind() -> None:
    may_end = asyncio.Event()

    async def work() -> None:
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()

    task = asyncio.create_task(run_cancellable(work(), "work", abandon_after_s=0.01))
    await asyncio.sleep(0)
    task.cancel()

    with captured_logs() as lines:
        async with asyncio.timeout(5):
            await asyncio.wait({task})
    may_end.set()

    assert task.cancelled()
    assert [(line["event"], line["task"]) for line in lines] == [("task.abandoned", "work")]


async def test_error_of_cancelled_work_is_raised() -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("its own") from None

    task = asyncio.create_task(run_cancellable(work(), "work"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(ValueError, match="its own"):
        await task

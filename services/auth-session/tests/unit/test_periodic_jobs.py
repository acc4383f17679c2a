"""The periodic jobs of the process: their schedule, and how their failures are reported."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from auth_session.lifespan import periodic_jobs
from auth_session.metrics import JOB_FAILURES
from auth_session.services import Services
from todochat.background import PeriodicJob, running_jobs
from todochat.testing.waiting import wait_until

Run = Callable[[], Awaitable[object]]


async def do_nothing() -> None:
    """A run that succeeds."""


def make_jobs(run: Run = do_nothing) -> list[PeriodicJob]:
    """Return the jobs of a process whose services all call `run`."""
    services: Any = SimpleNamespace(
        keys=SimpleNamespace(is_loaded=True, refresh=run),
        revocations=SimpleNamespace(republish=run, republish_if_lost=run),
        erasures=SimpleNamespace(run_due_erasures=run),
        purge=SimpleNamespace(purge_expired_rows=run),
    )
    return periodic_jobs(cast("Services", services))


def count_failures(job: PeriodicJob) -> float:
    return float(JOB_FAILURES.labels(job.name)._value.get())


def test_every_job_has_a_distinct_name() -> None:
    names = [job.name for job in make_jobs()]

    assert names == [
        "refresh-keys",
        "republish-revocations",
        "heal-revocations",
        "erase-users",
        "purge",
    ]


def test_lost_revocations_are_checked_every_second() -> None:
    intervals = {job.name: job.interval_s for job in make_jobs()}

    assert intervals["heal-revocations"] == 1
    assert intervals["republish-revocations"] == 30


@pytest.mark.parametrize("number", range(5))
async def test_a_run_calls_its_service(number: int) -> None:
    calls: list[int] = []

    async def record() -> None:
        calls.append(number)

    await make_jobs(record)[number].run()

    assert calls == [number]


@pytest.mark.parametrize("number", range(5))
async def test_a_failed_run_is_counted(number: int) -> None:
    async def fail() -> None:
        raise ConnectionError

    job = make_jobs(fail)[number]
    before = count_failures(job)

    async with running_jobs(job):
        await wait_until(lambda: count_failures(job) == before + 1)


@pytest.mark.parametrize("error", [ConnectionError(), RedisError()])
async def test_an_outage_is_logged_without_a_traceback(error: Exception) -> None:
    async def fail() -> None:
        raise error

    job = make_jobs(fail)[0]
    with capture_logs() as logs:
        async with running_jobs(job):
            await wait_until(lambda: bool(logs))

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("job.failed", "warning")]

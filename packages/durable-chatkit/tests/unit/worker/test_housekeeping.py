"""Housekeeping and warm-up."""

import msgspec
import pytest
import structlog
from chat_kit import Admin
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from typing_extensions import override
from worker_kit import USER, Chat

from durable_chatkit.storage.run_repository import PURGE_BATCH, RunRepository
from durable_chatkit.worker.housekeeping import Housekeeping
from durable_chatkit.worker.warm_up import warm_up
from todochat.background import PeriodicJob, running_jobs
from todochat.database import Database
from todochat.testing import wait_until
from todochat.testing.model_server import Say, ScriptedModelServer

DAY_S = 24 * 3600.0


async def count(chat: Chat, table: str) -> int:
    async with chat.jobs.transaction(None) as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def age(chat: Chat, interval: str) -> None:
    async with chat.jobs.transaction(None) as session:
        await session.execute(text(f"UPDATE runs SET closed_at = now() - interval '{interval}'"))


@pytest.mark.parametrize(
    ("interval", "runs", "steps"), [("1 hour", 1, 2), ("2 days", 1, 0), ("8 days", 0, 0)]
)
async def test_purge_deletes_expired_journals_and_runs(
    chat: Chat, model: ScriptedModelServer, interval: str, runs: int, steps: int
) -> None:
    model.answer(Say("hello"))
    await chat.start_worker()
    await chat.ask("hi")
    await age(chat, interval)

    await Housekeeping(
        RunRepository(chat.jobs), keep_runs_s=7 * DAY_S, keep_steps_s=DAY_S
    ).purge_runs()

    assert (await count(chat, "runs"), await count(chat, "run_steps")) == (runs, steps)


class RecordingRuns(RunRepository):
    """Records the results of purges."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.purged: list[tuple[int, int]] = []
        self.failures: list[Exception] = []

    @override
    async def purge(self, *, keep_runs_s: float, keep_steps_s: float) -> tuple[int, int] | None:
        try:
            purged = await super().purge(keep_runs_s=keep_runs_s, keep_steps_s=keep_steps_s)
        except Exception as error:
            self.failures.append(error)
            raise
        if purged is not None:
            self.purged.append(purged)
        return purged


async def copy_runs(chat: Chat, copies: int) -> None:
    """Insert copies of the existing run, each with one step."""
    numbers = {"copies": copies}
    async with chat.db.transaction(USER) as session:
        statement = text(
            "INSERT INTO runs SELECT (jsonb_populate_record("
            " runs, jsonb_build_object('run_id', 'run_copy_' || n))).*"
            " FROM runs, generate_series(1, :copies) AS n"
        )
        await session.execute(statement, numbers)
    async with chat.jobs.transaction(None) as session:
        statement = text(
            "INSERT INTO run_steps (run_id, key, user_id, payload)"
            " SELECT run_id, 'input', user_id, '[]' FROM runs WHERE run_id LIKE 'run_copy_%'"
        )
        await session.execute(statement)


async def test_concurrent_purges_delete_each_run_once(
    chat: Chat, admin: Admin, model: ScriptedModelServer
) -> None:
    model.answer(Say("hello"))
    model.answer(Say("hello again"))
    await chat.start_worker()
    await chat.ask("hi")
    await age(chat, "8 days")
    await copy_runs(chat, 2 * PURGE_BATCH + 1)
    old_runs = await count(chat, "runs")
    # With statistics of empty tables, a purge could be planned as a loop over all pairs of rows.
    await admin.value("ANALYZE runs, run_steps")
    await chat.ask("hi")
    repositories = [RecordingRuns(chat.jobs), RecordingRuns(chat.jobs)]
    jobs = [
        PeriodicJob(
            name="purge",
            run=Housekeeping(runs, keep_runs_s=7 * DAY_S, keep_steps_s=DAY_S).purge_all,
            interval_s=0.001,
            timeout_s=30,
        )
        for runs in repositories
    ]

    # Steps are not compared: those deleted together with their run are in no report.
    def purged_runs() -> int:
        return sum(purged for runs in repositories for purged, _ in runs.purged)

    # Count reported deletions instead of remaining rows: a commit precedes its report.
    async with running_jobs(*jobs):
        await wait_until(lambda: purged_runs() >= old_runs, 30)

    assert old_runs == purged_runs() == 2 * PURGE_BATCH + 2
    assert await count(chat, "runs") == 1
    assert [runs.failures for runs in repositories] == [[], []]


@pytest.mark.parametrize(
    "changes",
    [
        {"api": "responses"},
        {"api": "chat_completions"},
        {"openai_base_url": "", "model": ""},
    ],
    ids=["responses", "chat_completions", "offline"],
)
async def test_warm_up_sends_no_request(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, changes: dict[str, str]
) -> None:
    settings = msgspec.structs.replace(chat.settings, **changes)

    with structlog.testing.capture_logs() as logs:
        await warm_up(settings)

    assert logs == []
    assert model.requests == []
    assert tasks.requests == []

"""What a worker does besides runs: purging, and warming up."""

from typing import Any

import msgspec
import pytest
import structlog
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from worker_kit import Chat

from todo_agent.agent.factory import AgentEnvironment, load_assistant
from todo_agent.agent.model_config import open_model
from todo_agent.storage.run_repository import RunRepository
from todo_agent.worker.housekeeping import Housekeeping
from todo_agent.worker.warm_up import warm_up
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
async def test_old_journals_and_older_runs_are_purged(
    chat: Chat, model: ScriptedModelServer, interval: str, runs: int, steps: int
) -> None:
    model.answer(Say("hello"))
    await chat.start_worker()
    await chat.ask("hi")
    await age(chat, interval)

    await Housekeeping(
        RunRepository(chat.jobs), every_s=60, keep_runs_s=7 * DAY_S, keep_steps_s=DAY_S
    ).purge()

    assert (await count(chat, "runs"), await count(chat, "run_steps")) == (runs, steps)


@pytest.mark.parametrize(
    "changes",
    [
        {"api": "responses"},
        {"api": "chat_completions"},
        {"openai_base_url": "", "model": ""},
    ],
    ids=["responses", "chat_completions", "offline"],
)
async def test_warming_up_asks_nobody(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, changes: dict[str, str]
) -> None:
    settings = msgspec.structs.replace(chat.settings, **changes)
    tasks_http: Any = None
    async with open_model(settings) as configured:
        environment = AgentEnvironment(settings, configured.model, configured.settings, tasks_http)
        agent = load_assistant(settings.factory, environment).agent

    with structlog.testing.capture_logs() as logs:
        await warm_up(settings, agent)

    assert logs == []
    assert model.requests == []
    assert tasks.requests == []

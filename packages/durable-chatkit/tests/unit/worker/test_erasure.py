"""Erasure of an account with active or queued runs."""

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from stand_in_kit import TasksStandIn
from worker_kit import USER, Chat

from durable_chatkit.erasure import AccountEraser
from durable_chatkit.events.run_signals import RunSignals
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer


@pytest.fixture
def eraser(chat: Chat, redis: Redis) -> AccountEraser:
    return AccountEraser(chat.db, redis, RunSignals(redis))


async def rows_of(chat: Chat) -> int:
    """Count runs and steps of all users."""
    async with chat.jobs.transaction(None) as session:
        statement = "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM run_steps)"
        return int((await session.execute(text(statement))).scalar_one())


async def test_erasure_stops_active_run_and_deletes_it(
    chat: Chat, model: ScriptedModelServer, tasks: TasksStandIn, eraser: AccountEraser, redis: Redis
) -> None:
    gate = Gate()
    model.answer(Call("add_task", {"title": "Milk"}))
    model.answer(Say("I have", gate, " added it."))
    worker = await chat.start_worker()
    run = await chat.say("add milk")
    await wait_until(lambda: chat.has_text(run, "I have"))

    await eraser.erase(USER)

    assert await rows_of(chat) == 0
    assert await redis.keys(f"chat:{{{run.run_id}}}:*") == []
    await wait_until(lambda: not worker.active)
    assert await redis.keys(f"chat:{{{run.run_id}}}:*") == []
    assert model.requests[-1].closed_by_client


async def test_erasure_deletes_queued_run_without_a_worker(
    chat: Chat, eraser: AccountEraser
) -> None:
    await chat.say("add milk")

    await eraser.erase(USER)

    assert await rows_of(chat) == 0

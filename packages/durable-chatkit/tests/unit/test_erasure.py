"""Erasure of accounts with concurrent writes."""

import asyncio

import pytest
from chat_kit import Admin, Chat, MakeMessage, MakeUser
from redis.asyncio import Redis

from durable_chatkit.erasure import AccountEraser
from durable_chatkit.errors import AccountLockedError
from durable_chatkit.events.run_signals import RunSignals
from durable_chatkit.storage.run_repository import RunRepository
from todochat.database import Database
from todochat.testing import wait_until


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
def eraser(chat_db: Database, redis: Redis) -> AccountEraser:
    return AccountEraser(chat_db, redis, RunSignals(redis))


async def is_erased(admin: Admin, user: str) -> bool:
    tables = ("owners", "threads", "items", "runs")
    counts = [
        await admin.value(f"SELECT count(*) FROM {table} WHERE user_id = $1", user)
        for table in tables
    ]
    return counts == [0] * len(tables)


async def test_erasure_waits_for_workers_to_release_runs(
    chat: Chat,
    eraser: AccountEraser,
    admin: Admin,
    message: MakeMessage,
    user: str,
    runs: RunRepository,
) -> None:
    await chat.accept(message(), user)
    run = await runs.claim("w1", 60)
    assert run is not None

    erasing = asyncio.create_task(eraser.erase(user))
    await wait_until(lambda: admin.value("SELECT cancel_reason FROM runs"))
    assert not erasing.done()
    await runs.finish(run.run_id, run.attempt, "cancelled", None, 0)
    await runs.close(run.run_id, run.attempt)

    await erasing
    assert await is_erased(admin, user)


async def test_messages_accepted_during_erasure_leave_no_data(
    chat: Chat, eraser: AccountEraser, admin: Admin, message: MakeMessage, user: str
) -> None:
    async def send(number: int) -> str:
        try:
            await chat.accept(message(str(number)), user)
        except AccountLockedError:
            return "locked"
        return "accepted"

    sent = [asyncio.create_task(send(number)) for number in range(2)]
    erasing = asyncio.create_task(eraser.erase(user))
    sent += [asyncio.create_task(send(number)) for number in range(2)]
    answers = await asyncio.gather(*sent)
    await erasing

    assert set(answers) <= {"accepted", "locked"}
    assert await send(9) == "locked"
    assert await is_erased(admin, user)


async def test_concurrent_erasures_succeed(
    chat: Chat, eraser: AccountEraser, admin: Admin, message: MakeMessage, user: str
) -> None:
    await chat.accept(message(), user)

    await asyncio.gather(eraser.erase(user), eraser.erase(user))

    assert await is_erased(admin, user)


async def test_thread_cannot_be_created_after_erasure(
    chat: Chat, eraser: AccountEraser, admin: Admin, user: str
) -> None:
    await eraser.erase(user)

    with pytest.raises(AccountLockedError):
        await chat.new_thread(user)

    assert await is_erased(admin, user)

"""What the api does while an engine is away, and afterwards."""

import asyncio
import signal

import pytest
from redis.asyncio import Redis

from todo_agent.__main__ import MIGRATIONS
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresProcess, PostgresServer, ValkeyProcess
from todochat.testing.waiting import free_port


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def valkey():
    """A Valkey of this test's own, to be stopped and started."""
    process = ValkeyProcess()
    process.start()
    yield process
    process.stop()


async def test_without_redis_a_turn_is_accepted_all_the_same(open_gateway, user, message, runs):
    gateway = await open_gateway(redis=f"redis://127.0.0.1:{free_port()}/0")

    response = await gateway.chatkit(message(), user)
    cancelled = await gateway.cancel(response.json()["run_id"], user)

    assert (response.status_code, cancelled.status_code) == (202, 202)
    assert (await runs.claim("w1", 60)).run_id == response.json()["run_id"]
    ready = await gateway.client.get("/health/ready")
    assert ready.status_code == 200


async def test_signals_are_sent_again_when_redis_is_back(
    open_gateway, user, message, valkey, make_user
):
    gateway = await open_gateway(redis=valkey.url)
    valkey.process.kill()
    valkey.process.wait(10)
    assert (await gateway.chatkit(message(), user)).status_code == 202

    valkey.start()
    response = await gateway.chatkit(message(), make_user())

    client = Redis.from_url(valkey.url)
    run_id = response.json()["run_id"]
    assert await client.exists(f"chat:{{{run_id}}}:meta")
    await client.aclose()


@pytest.fixture
def postgresql():
    """A PostgreSQL of this test's own, to be stopped and started, and its migrated database."""
    process = PostgresProcess()
    process.start()
    urls = asyncio.run(PostgresServer(process.admin_url).create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield process, urls
    process.stop()


async def test_without_postgresql_every_answer_is_a_503_until_it_is_back(
    postgresql, open_gateway, user, message
):
    server, urls = postgresql
    gateway = await open_gateway(urls=urls)
    assert (await gateway.ask("threads.list", user)).status_code == 200
    server.process.send_signal(signal.SIGINT)  # a fast shutdown
    server.process.wait(30)

    responses = [
        await gateway.chatkit(message(), user),
        await gateway.ask("threads.list", user),
        await gateway.get("/internal/runs?status=active", user),
        await gateway.cancel("run_1", user),
    ]
    ready = await gateway.client.get("/health/ready")
    live = await gateway.client.get("/health/live")
    await asyncio.to_thread(server.start)

    assert [response.status_code for response in responses] == [503] * 4
    assert all("Retry-After" in response.headers for response in responses)
    assert (ready.status_code, live.status_code) == (503, 200)
    assert (await gateway.chatkit(message(), user)).status_code == 202

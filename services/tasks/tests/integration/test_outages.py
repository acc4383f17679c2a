"""Outages of PostgreSQL and Redis: fast 503s or no effect, and automatic recovery."""

import asyncio
import signal
from collections.abc import Iterator

import pytest
import pytest_asyncio
from tasks_kit import Connection, Person, Service, StartService

from tasks_service.__main__ import MIGRATIONS
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing import wait_until
from todochat.testing.servers import PostgresProcess, PostgresServer, ValkeyProcess


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresProcess]:
    """A server that tests can stop, if they restart it."""
    process = PostgresProcess()
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def own_urls(own_postgres: PostgresProcess) -> DatabaseUrls:
    urls = asyncio.run(PostgresServer(own_postgres.admin_url).create_database("tasks"))
    run_migrations(urls.owner, MIGRATIONS)
    return urls


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[ValkeyProcess]:
    process = ValkeyProcess()
    process.start()
    yield process
    process.stop()


def stop_at_once(process: PostgresProcess | ValkeyProcess) -> None:
    assert process.process is not None
    process.process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    process.process.wait(10)


@pytest_asyncio.fixture(loop_scope="module")
async def person(own_urls: DatabaseUrls, start_service: StartService) -> Person:
    service = await start_service(
        database_url=own_urls.app, jobs_database_url=own_urls.jobs, events_poll_s=0.1
    )
    return service.person()


async def test_requests_get_503_while_postgresql_is_down(
    person: Person, own_postgres: PostgresProcess
) -> None:
    await person.make_task("before")

    async with person.feed() as feed:
        await feed.event()
        stop_at_once(own_postgres)
        down = [
            await person.get("tasks"),
            await person.post("tasks", {"title": "x"}, Idempotency_Key="k1"),
            await person.get("lists"),
            await person.http.get("/health/ready"),
        ]
        alive = await person.http.get("/health/live")
        await asyncio.to_thread(own_postgres.start)

        async def works() -> bool:
            response = await person.post("tasks", {"title": "after"}, Idempotency_Key="k1")
            return response.status_code == 201

        await wait_until(works, timeout_s=20)
        _, change = await feed.event()

    assert [response.status_code for response in down] == [503] * 4
    assert down[0].headers["retry-after"] == "1"
    assert down[0].json()["type"] == "urn:todochat:problem:unavailable"
    assert alive.status_code == 200
    assert change["task"]["title"] == "after"
    assert await person.titles(order="asc") == ["before", "after"]


async def test_service_started_before_postgresql_recovers(
    own_postgres: PostgresProcess, own_urls: DatabaseUrls, start_service: StartService
) -> None:
    stop_at_once(own_postgres)
    service = await start_service(database_url=own_urls.app, jobs_database_url=own_urls.jobs)
    person = service.person()

    down = await person.get("tasks")
    await asyncio.to_thread(own_postgres.start)
    up = await person.get("tasks")

    assert (down.status_code, up.status_code) == (503, 200)


async def test_bypassing_role_is_rejected_when_postgresql_starts_later(
    own_postgres: PostgresProcess, own_urls: DatabaseUrls, start_service: StartService
) -> None:
    stop_at_once(own_postgres)
    service = await start_service(database_url=own_urls.owner, jobs_database_url=own_urls.jobs)
    await asyncio.to_thread(own_postgres.start)

    response = await service.person().get("tasks")

    assert response.status_code == 500


async def test_tasks_and_feeds_work_without_redis(
    start_service: StartService, own_valkey: ValkeyProcess
) -> None:
    service = await start_service(redis_url=own_valkey.url, events_poll_s=0.1)
    person = service.person()

    async with person.feed() as feed:
        await feed.event()
        stop_at_once(own_valkey)
        await person.make_task("meanwhile")
        events = await feed.events(2)
        ready = await person.http.get("/health/ready")
        await asyncio.to_thread(own_valkey.start)
        await person.make_task("after")
        following = await feed.event()

    assert events[1][1]["task"]["title"] == "meanwhile"
    assert following[1]["task"]["title"] == "after"
    assert ready.status_code == 200


async def test_service_starts_without_redis(start_service: StartService) -> None:
    service = await start_service(redis_url="redis://127.0.0.1:9/0")

    assert (await service.person().get("tasks")).status_code == 200


async def test_blocked_change_gets_503_with_retry_after(
    service: Service, ada: Person, owner: Connection
) -> None:
    await ada.make_task()
    service.app.state.services.tasks._writer._max_wait_s = 0.2
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("SELECT * FROM user_counters WHERE user_id = $1 FOR UPDATE", ada.user_id)

    stuck = await ada.post("tasks", {"title": "x"})
    readable = await ada.get("tasks")
    await transaction.rollback()
    service.app.state.services.tasks._writer._max_wait_s = 5

    assert (stuck.status_code, readable.status_code) == (503, 200)
    assert stuck.json()["type"] == "urn:todochat:problem:busy"
    assert stuck.headers["retry-after"] == "1"

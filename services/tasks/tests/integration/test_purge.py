"""The purge: expired rows of all users are deleted, by one process at a time."""

import datetime as dt
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from sqlalchemy import text
from tasks_kit import Connection, Person, Service

from tasks_service.service.purge import Purge
from todochat.clock import utc_now
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.errors import UnavailableError

NOW = utc_now()
HOUR = dt.timedelta(hours=1)

MakeJob = Callable[..., Purge]


def days(count: int) -> dt.timedelta:
    return dt.timedelta(days=count)


@pytest_asyncio.fixture(loop_scope="module")
async def make_job(tasks_urls: DatabaseUrls) -> AsyncIterator[MakeJob]:
    databases = []

    def make(batch_size: int = 1000, url: str = tasks_urls.jobs) -> Purge:
        database = Database(create_engine(url, application_name="jobs", pool_size=1))
        databases.append(database)
        return Purge(database, trash_days=30, change_days=90, event_days=7, batch_size=batch_size)

    yield make
    for database in databases:
        await database.aclose()


async def backdate(
    owner: Connection, person: Person, table: str, column: str, age: dt.timedelta
) -> None:
    await owner.execute(
        f"UPDATE {table} SET {column} = $2 WHERE user_id = $1", person.user_id, NOW - age
    )


async def count(owner: Connection, person: Person, table: str) -> int:
    query = f"SELECT count(*) FROM {table} WHERE user_id = $1"
    return int(await owner.fetchval(query, person.user_id))


@pytest.mark.parametrize(
    ("table", "column", "keep"),
    [
        ("idempotency_keys", "created_at", days(7)),
        ("run_attempts", "seen_at", days(7)),
        ("task_events", "occurred_at", days(7)),
        ("task_changes", "occurred_at", days(90)),
        ("pending_changes", "expires_at", days(7)),
    ],
)
async def test_rows_are_purged_after_their_retention(
    make_job: MakeJob,
    owner: Connection,
    service: Service,
    ada: Person,
    bob: Person,
    table: str,
    column: str,
    keep: dt.timedelta,
) -> None:
    for person in (ada, bob):
        await service.fill_tables(person.user_id)
    await backdate(owner, ada, table, column, keep - HOUR)
    await backdate(owner, bob, table, column, keep + HOUR)

    await make_job().run(NOW)

    assert await count(owner, ada, table) >= 1
    assert await count(owner, bob, table) == 0


async def test_deleted_tasks_can_be_restored_for_thirty_days(
    make_job: MakeJob, owner: Connection, ada: Person, bob: Person
) -> None:
    for person, age in ((ada, days(30) - HOUR), (bob, days(30) + HOUR)):
        await person.make_task("deleted")
        await person.make_task("kept")
        await person.delete("tasks/1")
        await owner.execute(
            "UPDATE tasks SET deleted_at = $2 WHERE user_id = $1 AND deleted_at IS NOT NULL",
            person.user_id,
            NOW - age,
        )

    await make_job().run(NOW)

    restored = [await person.post("tasks/1/restore") for person in (ada, bob)]
    assert [response.status_code for response in restored] == [200, 404]
    assert await bob.titles() == ["kept"]


async def test_number_of_a_purged_task_is_not_reused(
    make_job: MakeJob, owner: Connection, ada: Person
) -> None:
    await ada.make_task()
    await ada.delete("tasks/1")
    await backdate(owner, ada, "tasks", "deleted_at", days(31))
    await make_job().run(NOW)

    task = await ada.make_task()

    assert task["number"] == 2


async def test_deleted_list_is_purged_after_its_last_task(
    make_job: MakeJob, owner: Connection, ada: Person
) -> None:
    entry = await ada.make_list("Shopping")
    await ada.make_task(list_id=entry["id"])
    await ada.call("DELETE", f"lists/{entry['id']}", params={"tasks": "delete"})
    await backdate(owner, ada, "tasks", "deleted_at", days(29))
    await owner.execute(
        "UPDATE lists SET deleted_at = $2 WHERE id = $1", entry["id"], NOW - days(31)
    )

    await make_job().run(NOW)
    with_task = await count(owner, ada, "lists")
    await backdate(owner, ada, "tasks", "deleted_at", days(31))
    await make_job().run(NOW)

    assert with_task == 2  # the default list, and the one that its deleted task still refers to
    assert await count(owner, ada, "lists") == 1


async def test_many_rows_are_purged_in_batches(
    make_job: MakeJob, owner: Connection, ada: Person
) -> None:
    await owner.execute(
        """
        INSERT INTO run_attempts (user_id, run_id, attempt, seen_at)
        SELECT $1, 'run_' || n, 1, $2 FROM generate_series(1, 25) AS n
        """,
        ada.user_id,
        NOW - days(8),
    )

    counts = await make_job(batch_size=10).run(NOW)

    assert counts["attempts"] == 25


async def test_only_one_process_purges_at_a_time(
    make_job: MakeJob, owner: Connection, ada: Person
) -> None:
    await ada.post("tasks", {"title": "x"}, Idempotency_Key="k1")
    await backdate(owner, ada, "idempotency_keys", "created_at", days(8))
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("SELECT pg_advisory_xact_lock(1952543595, 1)")

    beside = await make_job().run(NOW)
    await transaction.rollback()
    alone = await make_job().run(NOW)

    assert beside == dict.fromkeys(beside, 0)
    assert alone["answers"] == 1


async def test_jobs_role_reads_only_purgeable_rows(
    make_job: MakeJob, tasks_urls: DatabaseUrls, ada: Person
) -> None:
    await ada.make_task("kept")
    database = make_job()._database

    async with database.transaction() as session:
        tasks = (await session.execute(text("SELECT 1 FROM tasks WHERE deleted_at IS NULL"))).all()

    assert tasks == []


async def test_unreachable_database_fails_the_purge(make_job: MakeJob) -> None:
    job = make_job(url="postgresql://tasks_jobs:x@127.0.0.1:9/tasks")

    with pytest.raises(UnavailableError):
        await job.run(NOW)

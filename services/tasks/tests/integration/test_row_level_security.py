"""Row-level security: the database itself isolates users."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
import pytest_asyncio
from sqlalchemy import CursorResult, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from tasks_kit import Connection, LockCount, MakeSettings, Person, Service, StartService

from tasks_service.app import create_app
from tasks_service.domain.task import TaskDraft
from tasks_service.service.idempotent_writer import IdempotentWriter, WriteRequest
from tasks_service.service.task_service import TaskService
from tasks_service.service.user_work import UserWork
from tasks_service.storage.records import TaskRecord, TasksBase
from todochat.database import BypassingRoleError, Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.testing import wait_until
from todochat.testing.servers import PostgresServer

TABLES = sorted(TasksBase.metadata.tables)
BOUND_USER = text("SELECT nullif(current_setting('app.user_id', true), '')")

APPLICATION = "narrow"


def ignore_change(user_id: str) -> None:
    pass


@pytest_asyncio.fixture(loop_scope="module")
async def narrow(tasks_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The app role's database with a pool of one connection."""
    database = Database(create_engine(tasks_urls.app, application_name=APPLICATION, pool_size=1))
    yield database
    await database.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def two_people(service: Service, ada: Person, bob: Person) -> tuple[Person, Person]:
    """Two users with rows in every table."""
    for person in (ada, bob):
        await service.fill_tables(person.user_id)
    return ada, bob


@pytest.mark.usefixtures("two_people")
async def test_query_without_a_bound_user_returns_nothing(narrow: Database) -> None:
    async with narrow.transaction() as session:
        found = {
            table: (await session.execute(text(f"SELECT * FROM {table}"))).all() for table in TABLES
        }

    assert found == {table: [] for table in TABLES}


async def test_query_without_a_filter_returns_the_bound_users_rows(
    narrow: Database, two_people: tuple[Person, Person]
) -> None:
    ada, _ = two_people
    async with narrow.transaction(ada.user_id) as session:
        people = {
            table: (await session.scalars(text(f"SELECT DISTINCT user_id FROM {table}"))).all()
            for table in TABLES
        }

    assert people == {table: [ada.user_id] for table in TABLES}


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_forces_its_policies_on_its_owner(owner: Connection, table: str) -> None:
    row = await owner.fetchrow(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass", table
    )

    assert row is not None
    assert tuple(row) == (True, True)


async def test_owner_of_the_tables_reads_no_rows(
    tasks_urls: DatabaseUrls, two_people: tuple[Person, Person]
) -> None:
    database = Database(create_engine(tasks_urls.owner, application_name="test", pool_size=1))
    try:
        async with database.transaction() as session:
            rows = (await session.scalars(select(TaskRecord))).all()
    finally:
        await database.aclose()

    assert rows == []


async def test_another_users_row_cannot_be_changed_or_inserted(
    narrow: Database, two_people: tuple[Person, Person]
) -> None:
    ada, bob = two_people
    async with narrow.transaction(ada.user_id) as session:
        changed = await session.execute(
            update(TaskRecord).where(TaskRecord.user_id == bob.user_id).values(title="mine now")
        )

    with pytest.raises(DBAPIError, match="row-level security"):
        async with narrow.transaction(ada.user_id) as session:
            await session.execute(
                text("INSERT INTO user_counters (user_id) VALUES (:other)"), {"other": "usr_other"}
            )

    assert isinstance(changed, CursorResult)
    assert changed.rowcount == 0
    assert await bob.titles() == ["private"]


async def test_app_role_cannot_delete(narrow: Database, two_people: tuple[Person, Person]) -> None:
    ada, _ = two_people

    with pytest.raises(DBAPIError, match="permission denied"):
        async with narrow.transaction(ada.user_id) as session:
            await session.execute(text("DELETE FROM tasks"))


async def test_users_stay_isolated_on_one_connection(
    start_service: StartService,
) -> None:
    service = await start_service(database_pool_size=1)
    people = [service.person() for _ in range(2)]

    async def use(person: Person, name: str) -> None:
        for index in range(15):
            await person.make_task(f"{name} {index}")
            titles = await person.titles(q=name)
            assert len(titles) == index + 1

    await asyncio.gather(use(people[0], "ada"), use(people[1], "bob"))

    for person, name in zip(people, ("ada", "bob"), strict=True):
        assert {title.split()[0] for title in await person.titles()} == {name}


async def test_cancelled_request_leaves_no_bound_user_and_no_rows(
    service: Service, narrow: Database, ada: Person, waits_for_a_lock: LockCount
) -> None:
    release, started = asyncio.Event(), asyncio.Event()

    async def hold(work: UserWork) -> None:
        started.set()
        await release.wait()

    request = WriteRequest(
        user_id=ada.user_id, actor="user", method="POST", route="r", fingerprint="f"
    )
    holder = asyncio.create_task(
        IdempotentWriter(service.app.state.services.database, ignore_change).write(
            request, HTTPStatus.NO_CONTENT, hold
        )
    )
    await started.wait()
    tasks = TaskService(narrow, IdempotentWriter(narrow, ignore_change))
    cancelled = asyncio.create_task(tasks.create(request, TaskDraft.clean(title="cancelled")))
    await wait_until(lambda: waits_for_a_lock(APPLICATION))

    cancelled.cancel()
    await asyncio.wait({cancelled})
    release.set()
    await holder
    async with narrow.transaction() as session:
        bound = (await session.execute(BOUND_USER)).scalar_one()
        seen = (await session.scalars(select(TaskRecord))).all()

    assert cancelled.cancelled()
    assert (bound, seen) == (None, [])
    assert await ada.titles() == []


@pytest.mark.parametrize("setting", ["database_url", "jobs_database_url"])
@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_service_rejects_roles_that_bypass_row_level_security(
    make_settings: MakeSettings,
    postgres: PostgresServer,
    tasks_urls: DatabaseUrls,
    setting: str,
    role: str,
) -> None:
    database = make_url(tasks_urls.owner).database
    superuser = make_url(postgres.admin_url).set(database=database)
    url = tasks_urls.owner if role == "owner" else superuser.render_as_string(hide_password=False)
    app = create_app(make_settings(**{setting: url}))

    with pytest.RaisesGroup(BypassingRoleError):
        async with app.lifespan():
            pytest.fail("it started")


async def test_service_starts_with_its_own_roles(
    make_settings: MakeSettings,
) -> None:
    app = create_app(make_settings())

    async with app.lifespan():
        assert app.state.services.database is not None

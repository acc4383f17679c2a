"""Use of Redis and PostgreSQL in every service."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import event, literal, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from todochat.database import (
    BypassingRoleError,
    Database,
    create_engine,
    pool_checks,
    refuse_bypassing_role,
)
from todochat.database import engine as engine_module
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.checked import CheckedDatabase
from todochat.database.outage import is_outage
from todochat.database.sql_transaction import SqlExecutor
from todochat.errors import BadRequestError, UnauthorizedError
from todochat.http.idempotency import parse_idempotency_key, request_fingerprint
from todochat.identity.revocation import REVOKED_KEY, RevocationSet
from todochat.testing import wait_until
from todochat.testing.servers import PostgresServer


@pytest.fixture
async def urls(postgres: PostgresServer) -> AsyncIterator[DatabaseUrls]:
    urls = await postgres.create_database("tasks")
    yield urls
    await postgres.drop_database(urls)


@pytest.fixture
async def make_database(urls: DatabaseUrls) -> AsyncIterator[Callable[..., Database]]:
    databases = []

    def make(url: str, **options: Any) -> Database:
        databases.append(Database(create_engine(url, application_name="test", **options)))
        return databases[-1]

    yield make
    for database in databases:
        await database.aclose()


Opened = Callable[..., AbstractAsyncContextManager[SqlExecutor]]


@pytest.fixture(params=[Database.transaction, Database.sql_transaction], ids=["session", "sql"])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Open a transaction of a database, through SQLAlchemy's session or the driver."""
    method: Opened = request.param
    return method


async def bound_user(session: SqlExecutor) -> str | None:
    query = text("SELECT nullif(current_setting('app.user_id', true), '')")
    user_id: str | None = (await session.execute(query)).scalar_one()
    return user_id


async def test_transaction_binds_its_user_and_resets_it(
    urls: DatabaseUrls, make_database: Callable[..., Database], opened: Opened
) -> None:
    database = make_database(urls.app, pool_size=1)

    async with opened(database, "usr_1") as session:
        first = await bound_user(session)
    async with opened(database) as session:
        second = await bound_user(session)

    assert (first, second) == ("usr_1", None)


async def test_cancelled_transaction_resets_its_user(
    urls: DatabaseUrls, make_database: Callable[..., Database], opened: Opened
) -> None:
    database = make_database(urls.app, pool_size=1)

    async def hold() -> None:
        async with opened(database, "usr_1") as session:
            await session.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(hold())
    await asyncio.wait({task}, timeout=0.2)
    task.cancel()
    await asyncio.wait({task})

    async with opened(database) as session:
        assert await bound_user(session) is None


async def test_error_rolls_the_transaction_back(
    urls: DatabaseUrls, make_database: Callable[..., Database], opened: Opened
) -> None:
    owner = make_database(urls.owner)
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE t (n int)"))

    async def insert_and_fail() -> None:
        async with opened(owner) as session:
            await session.execute(text("INSERT INTO t VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()

    async with owner.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


async def test_rolled_back_session_keeps_nothing(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    owner = make_database(urls.owner)
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE t (n int)"))

    async with owner.transaction() as session:
        await session.execute(text("INSERT INTO t VALUES (1)"))
        await session.rollback()

    async with owner.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


async def test_snapshot_reads_one_state_and_writes_nothing(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    owner = make_database(urls.owner)
    count = text("SELECT count(*) FROM t")
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE t (n int)"))

    async with owner.transaction("usr_x", is_snapshot=True) as snapshot:
        assert (await snapshot.execute(count)).scalar_one() == 0
        async with owner.transaction() as session:
            await session.execute(text("INSERT INTO t VALUES (1)"))
        assert (await snapshot.execute(count)).scalar_one() == 0
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with owner.transaction(is_snapshot=True) as snapshot:
            await snapshot.execute(text("INSERT INTO t VALUES (2)"))


async def test_selected_rows_follow_the_values_of_a_query_compiled_once(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    database = make_database(urls.app)

    async with database.sql_transaction() as transaction:
        for number in (1, 2):
            rows = await transaction.select(select(literal(number).label("number")))
            assert rows.one().number == number
        with pytest.raises(ValueError, match="depends on its values"):
            await transaction.select(select(literal(1).in_([1, 2])))


async def test_slow_statement_times_out(
    urls: DatabaseUrls, make_database: Callable[..., Database], opened: Opened
) -> None:
    database = make_database(urls.app, statement_timeout_s=0.1)

    with pytest.raises(DBAPIError, match="statement timeout"):
        async with opened(database) as session:
            await session.execute(text("SELECT pg_sleep(60)"))


@pytest.mark.parametrize(
    "user_id", ["o'brien", "'; DROP TABLE t; --", "back\\", "\\' OR 1=1", "µ€😀"]
)
async def test_sql_transaction_binds_any_user_id(
    urls: DatabaseUrls, make_database: Callable[..., Database], user_id: str
) -> None:
    async with make_database(urls.app).sql_transaction(user_id) as transaction:
        assert await bound_user(transaction) == user_id


async def test_user_id_with_nul_is_rejected(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    with pytest.raises(ValueError, match="NUL"):
        async with make_database(urls.app).sql_transaction("usr\0"):
            pass


async def test_rejected_statement_leaves_its_connection_usable(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    watched = Watched(make_database(urls.owner, pool_size=1))
    database = watched.database
    await database.execute(text("CREATE TABLE t (n int PRIMARY KEY)"))
    insert = text("INSERT INTO t VALUES (:n)")

    async def insert_twice() -> None:
        async with database.sql_transaction("usr_1") as transaction:
            await transaction.execute(insert, {"n": 1})
            await transaction.execute(insert, {"n": 1})

    with pytest.raises(IntegrityError) as raised:
        await insert_twice()
    counted = await database.execute(text("SELECT count(*) FROM t"))

    assert getattr(raised.value.orig, "sqlstate", None) == "23505"
    assert not is_outage(raised.value)
    assert counted.scalar_one() == 0
    assert len(watched.connections) == 1


async def test_statement_on_a_lost_connection_is_an_outage(
    urls: DatabaseUrls, make_database: Callable[..., Database], postgres: PostgresServer
) -> None:
    database, admin = make_database(urls.app, pool_size=1), make_database(postgres.admin_url)
    terminate = text("SELECT pg_terminate_backend(CAST(:pid AS int))")

    async def lose() -> None:
        async with database.sql_transaction() as transaction:
            pid = (await transaction.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await admin.execute(terminate, {"pid": pid})
            await transaction.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError) as raised:
        await lose()

    assert is_outage(raised.value)
    assert (await database.execute(text("SELECT 1"))).scalar_one() == 1


@pytest.mark.parametrize(
    "command",
    ["SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_sleep(60)"],
    ids=["server stops", "socket breaks"],
)
async def test_connection_lost_while_it_is_opened_is_an_outage(
    urls: DatabaseUrls, make_database: Callable[..., Database], command: str
) -> None:
    """SQLAlchemy doesn't translate the driver's errors there."""
    database = make_database(urls.app)

    @event.listens_for(database.engine.sync_engine, "connect")
    def lose(connection: Any, _record: object) -> None:
        driver = connection.driver_connection
        asyncio.get_running_loop().call_later(0.05, driver.terminate)
        connection.run_async(lambda driver: driver.execute(command))

    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the driver raises
        await database.execute(text("SELECT 1"))

    assert is_outage(raised.value), repr(raised.value)


async def test_password_that_is_rotated_while_a_process_runs_is_an_outage(
    urls: DatabaseUrls, make_database: Callable[..., Database], postgres: PostgresServer
) -> None:
    """The process is restarted with the new one; until then its runs have to wait."""
    role = make_url(urls.app)
    admin = make_database(postgres.admin_url)
    database = make_database(urls.app)

    await admin.execute(text(f"ALTER ROLE {role.username} PASSWORD 'rotated'"))
    try:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - the driver's or SQLAlchemy's
            await database.execute(text("SELECT 1"))
        checked = CheckedDatabase(database.engine)
        with pytest.raises(Exception, match="password authentication failed"):
            await checked.check_at_start()
    finally:
        await admin.execute(text(f"ALTER ROLE {role.username} PASSWORD '{role.password}'"))

    assert is_outage(raised.value), repr(raised.value)
    assert (await database.execute(text("SELECT 1"))).scalar_one() == 1


async def test_value_of_a_wrong_type_is_no_outage(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    with pytest.raises(DBAPIError) as raised:
        await make_database(urls.app).execute(text("SELECT CAST(:n AS int)"), {"n": "one"})

    assert not is_outage(raised.value)


async def test_frozen_process_loses_its_locks(
    urls: DatabaseUrls, make_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client freezes between two protocol messages: the server waits for it in mid-statement."""
    other = make_database(urls.owner)
    monkeypatch.setattr(engine_module, "TRANSACTION_TIMEOUT_MARGIN_S", -9.5)
    frozen = make_database(urls.owner)
    async with other.transaction() as session:
        await session.execute(text("CREATE TABLE t (x int)"))

    async def hold_lock() -> None:
        async with frozen.transaction() as session:
            await session.execute(text("LOCK TABLE t"))
            async with other.transaction() as waiting:
                await waiting.execute(text("INSERT INTO t VALUES (1)"))

    with pytest.raises(DBAPIError):  # at its commit
        await hold_lock()

    async with frozen.transaction() as session:  # on a new connection
        assert (await session.execute(text("SELECT count(*) FROM t"))).scalar_one() == 1


@dataclass
class Watched:
    """A database, its driver connections, and their statements."""

    database: Database
    connections: list["asyncpg.Connection[asyncpg.Record]"] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        event.listen(self.database.engine.sync_engine, "connect", self._watch)

    def _watch(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        driver_connection: Any = entry.driver_connection
        driver_connection.add_query_logger(lambda query: self.asked.append(query.query))
        self.connections.append(driver_connection)

    async def work(self) -> None:
        """Run three concurrent transactions."""
        meet = asyncio.Barrier(3)

        async def one() -> None:
            async with self.database.transaction() as session:
                await session.execute(text("SELECT 1"))
                await meet.wait()

        await asyncio.gather(one(), one(), one())


def hide_first_looks(
    monkeypatch: pytest.MonkeyPatch,
    connections: "Iterable[asyncpg.Connection[asyncpg.Record]]",
) -> None:
    """Simulate connections that are closed right after their check."""
    is_closed = asyncpg.Connection.is_closed
    # Others keep their state: garbage of an earlier test would be reported as unclosed.
    hidden = set(connections)

    def look(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
        if connection in hidden:
            hidden.remove(connection)
            return False
        return is_closed(connection)

    monkeypatch.setattr(asyncpg.Connection, "is_closed", look)


@pytest.mark.parametrize("is_heard", [True, False], ids=["heard", "asked"])
async def test_closed_connections_are_replaced_transparently(
    urls: DatabaseUrls,
    make_database: Callable[..., Database],
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    is_heard: bool,
) -> None:
    watched = Watched(make_database(urls.app, pool_size=3))
    await watched.work()
    first = [*watched.connections]

    async with make_database(postgres.admin_url).transaction() as session:
        pids = [connection.get_server_pid() for connection in first]
        statement = text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS int[])) pid")
        await session.execute(statement, {"pids": pids})
    await wait_until(lambda: all(connection.is_closed() for connection in first))
    if not is_heard:
        hide_first_looks(monkeypatch, first)
        monkeypatch.setattr(pool_checks, "PING_AFTER_S", 0.0)
    await watched.work()

    assert len(first) == 3
    assert len(watched.connections) == 6


@pytest.mark.parametrize(("ping_after_s", "pings"), [(3600.0, 0), (0.0, 3)])
async def test_only_idle_connections_are_pinged(
    urls: DatabaseUrls,
    make_database: Callable[..., Database],
    monkeypatch: pytest.MonkeyPatch,
    ping_after_s: float,
    pings: int,
) -> None:
    monkeypatch.setattr(pool_checks, "PING_AFTER_S", ping_after_s)
    watched = Watched(make_database(urls.app, pool_size=3))
    await watched.work()
    watched.asked.clear()

    await watched.work()

    assert watched.asked.count(";") == pings
    assert watched.asked.count("BEGIN") == 3
    assert len(watched.connections) == 3


async def test_transaction_opens_with_its_user_in_one_round_trip(
    urls: DatabaseUrls, make_database: Callable[..., Database]
) -> None:
    watched = Watched(make_database(urls.app, pool_size=1))

    async with watched.database.transaction("usr_o'hara") as session:
        bound = await session.scalar(text("SELECT current_setting('app.user_id')"))
    async with watched.database.transaction() as session:
        unbound = await session.scalar(text("SELECT current_setting('app.user_id', true)"))

    assert (bound, unbound) == ("usr_o'hara", "")
    assert watched.asked == [
        "BEGIN; SELECT set_config('app.user_id', 'usr_o''hara', true)",
        "COMMIT",
        "BEGIN",
        "COMMIT",
    ]


async def test_role_that_bypasses_row_level_security_is_rejected(
    urls: DatabaseUrls, make_database: Callable[..., Database], postgres: PostgresServer
) -> None:
    owner = make_database(urls.owner)
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE owned (n int)"))

    await refuse_bypassing_role(make_database(urls.app).engine)
    for url in (urls.owner, postgres.admin_url):
        with pytest.raises(BypassingRoleError):
            await refuse_bypassing_role(make_database(url).engine)


async def test_revoked_session_is_rejected_until_its_tokens_expire(redis: Redis) -> None:
    now = time.time()
    await redis.zadd(REVOKED_KEY, {"ses_out": now + 60, "ses_old": now - 60})
    revoked = RevocationSet(redis)
    await revoked.refresh()

    revoked.check("ses_in")
    revoked.check("ses_old")
    with pytest.raises(UnauthorizedError):
        revoked.check("ses_out")


@pytest.mark.parametrize("key", ["k", "k" * 128, "run_1:0:0", "!~"])
def test_idempotency_key_has_up_to_128_visible_ascii_characters(key: str) -> None:
    assert parse_idempotency_key({"idempotency-key": key}) == key


@pytest.mark.parametrize("key", ["", "k" * 129, "a b", "é", "a\x00"])
def test_malformed_idempotency_key_is_rejected(key: str) -> None:
    with pytest.raises(BadRequestError):
        parse_idempotency_key({"idempotency-key": key})


def test_different_bodies_have_different_fingerprints() -> None:
    assert parse_idempotency_key({}) is None
    assert request_fingerprint(b"a") == request_fingerprint(b"a") != request_fingerprint(b"b")

"""Fixtures: a migrated chat database, emptied before each test, and objects on top of it."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from chat_kit import Admin, Chat, Items, MakeItems, MakeMessage, MakeUser
from redis.asyncio import Redis

from durable_chatkit.commands import MIGRATIONS
from durable_chatkit.storage.run_repository import RunRepository
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.ids import new_id
from todochat.testing.servers import PostgresProcess, PostgresServer
from todochat.testing.waiting import wait_until

# Each client of the openai package loads all public certificates, for 40 ms of CPU.
httpx2.create_ssl_context = functools.cache(httpx2.create_ssl_context)

TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""


@pytest.fixture(scope="session")
def chat_urls(postgres: PostgresServer) -> Iterator[DatabaseUrls]:
    """A migrated database with the URLs of its three roles."""
    urls = asyncio.run(postgres.create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield urls
    asyncio.run(postgres.drop_database(urls))


@pytest.fixture(scope="session")
def empty_tables(
    postgres: PostgresServer, chat_urls: DatabaseUrls
) -> Iterator[Callable[[], object]]:
    """Empty all tables of the chat database, over a connection that stays open."""
    loop = asyncio.new_event_loop()
    database = chat_urls.owner.rpartition("/")[2]
    connection = loop.run_until_complete(asyncpg.connect(postgres.admin_url, database=database))
    tables = loop.run_until_complete(connection.fetch(TABLES))
    # With few rows DELETE takes a quarter of the time of TRUNCATE, which creates new files.
    deletions = "; ".join(f'DELETE FROM "{row["relname"]}"' for row in tables)
    statement = f"SET session_replication_role = replica; {deletions}"
    yield lambda: loop.run_until_complete(connection.execute(statement))
    loop.run_until_complete(connection.close())
    loop.close()


@pytest.fixture
def empty_chat(chat_urls: DatabaseUrls, empty_tables: Callable[[], object]) -> DatabaseUrls:
    """The migrated database, emptied."""
    empty_tables()
    return chat_urls


@pytest_asyncio.fixture
async def chat_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database with the role of requests, to which row-level security applies."""
    database = Database(create_engine(empty_chat.app, application_name="test-app"))
    yield database
    await database.aclose()


@pytest_asyncio.fixture
async def jobs_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database with the role of workers' jobs."""
    database = Database(create_engine(empty_chat.jobs, application_name="test-jobs"))
    yield database
    await database.aclose()


@pytest.fixture
def runs(jobs_db: Database) -> RunRepository:
    """A worker's run repository."""
    return RunRepository(jobs_db)


@pytest_asyncio.fixture
async def admin(postgres: PostgresServer, empty_chat: DatabaseUrls) -> AsyncIterator[Admin]:
    """A superuser's connection to the chat database."""
    database = empty_chat.owner.rpartition("/")[2]
    connection = await asyncpg.connect(postgres.admin_url, database=database)
    yield Admin(connection)
    await connection.close()


@pytest.fixture
def make_user() -> MakeUser:
    """Make a new user ID."""
    return lambda: new_id("usr")


@pytest.fixture
def chat(chat_db: Database, redis: Redis) -> Chat:
    """The objects of an API process on the empty database."""
    return Chat(chat_db, redis)


@pytest.fixture
def message() -> MakeMessage:
    """Make a ChatKit request with a user message, for a new thread or a given one."""

    def make(text: str = "add milk", thread_id: str | None = None) -> dict[str, Any]:
        params: dict[str, Any] = {
            "input": {
                "content": [{"type": "input_text", "text": text}],
                "attachments": [],
                "quoted_text": "",
                "inference_options": {},
            }
        }
        if thread_id is None:
            return {"type": "threads.create", "params": params}
        return {
            "type": "threads.add_user_message",
            "params": {**params, "thread_id": thread_id},
        }

    return make


@pytest.fixture
def wait() -> Callable[..., Any]:
    """Wait for a state; see `todochat.testing.waiting`."""
    return wait_until


@pytest.fixture
def items() -> MakeItems:
    """Make items for a thread."""
    return Items


@pytest.fixture
def own_postgres() -> Iterator[tuple[PostgresProcess, DatabaseUrls]]:
    """A PostgreSQL that the test may stop, and its migrated chat database."""
    server = PostgresProcess()
    server.start()
    urls = asyncio.run(PostgresServer(server.admin_url).create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield server, urls
    server.stop()

"""Fixtures of todo-agent: a migrated chat database, emptied before each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import todo_agent.migrations
from todo_agent.storage.run_repository import RunRepository
from todochat.database import Database, create_engine
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import run_migrations
from todochat.testing.servers import PostgresServer


def pytest_configure(config: pytest.Config) -> None:
    """Bear with openai-chatkit, which warns of its own widget classes when it is imported."""
    config.addinivalue_line(
        "filterwarnings", "ignore:Direct usage of named widget classes:DeprecationWarning"
    )


MIGRATIONS = Path(todo_agent.migrations.__file__).parent


@pytest.fixture(scope="session")
def chat_urls(postgres: PostgresServer) -> Iterator[DatabaseUrls]:
    """A migrated database, as its three roles reach it."""
    urls = asyncio.run(postgres.create_database("chat"))
    run_migrations(urls.owner, MIGRATIONS)
    yield urls
    asyncio.run(postgres.drop_database(urls))


@pytest_asyncio.fixture
async def empty_chat(chat_urls: DatabaseUrls) -> DatabaseUrls:
    """The same, without a row."""
    connection = await asyncpg.connect(chat_urls.owner)
    try:
        await connection.execute("TRUNCATE owners, threads, attachments, runs CASCADE")
    finally:
        await connection.close()
    return chat_urls


@pytest_asyncio.fixture
async def chat_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as requests see it: row-level security holds."""
    database = Database(create_engine(empty_chat.app, application_name="test-app"))
    yield database
    await database.aclose()


@pytest_asyncio.fixture
async def jobs_db(empty_chat: DatabaseUrls) -> AsyncIterator[Database]:
    """The database as workers' jobs see it."""
    database = Database(create_engine(empty_chat.jobs, application_name="test-jobs"))
    yield database
    await database.aclose()


@pytest.fixture
def runs(jobs_db: Database) -> RunRepository:
    """The run repository of a worker."""
    return RunRepository(jobs_db)

"""The migrations make what the code maps."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tasks_service.__main__ import MIGRATIONS
from tasks_service.storage.records import TasksBase
from todochat.database import asyncpg_url
from todochat.database.bootstrap import DatabaseUrls
from todochat.database.migrations import alembic_config, run_migrations
from todochat.testing.servers import PostgresServer


@pytest.fixture
def empty_urls(postgres: PostgresServer) -> Iterator[DatabaseUrls]:
    urls = asyncio.run(postgres.create_database("tasks"))
    yield urls
    asyncio.run(postgres.drop_database(urls))


Answer = TypeVar("Answer")


def ask(url: str, question: Callable[[SyncConnection], Answer]) -> Answer:
    async def run() -> Answer:
        engine = create_async_engine(asyncpg_url(url))
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(question)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_the_migrated_schema_is_the_mapped_one(tasks_urls: DatabaseUrls) -> None:
    differences = ask(
        tasks_urls.owner,
        lambda connection: compare_metadata(
            MigrationContext.configure(connection), TasksBase.metadata
        ),
    )

    assert differences == []


def test_migrating_twice_is_migrating_once(empty_urls: DatabaseUrls) -> None:
    run_migrations(empty_urls.owner, MIGRATIONS)
    run_migrations(empty_urls.owner, MIGRATIONS)

    revisions = ask(
        empty_urls.owner,
        lambda connection: connection.scalars(
            text("SELECT version_num FROM alembic_version")
        ).all(),
    )
    assert len(revisions) == 1


def test_a_migration_can_be_taken_back(empty_urls: DatabaseUrls) -> None:
    run_migrations(empty_urls.owner, MIGRATIONS)

    command.downgrade(alembic_config(empty_urls.owner, MIGRATIONS), "base")

    tables = ask(
        empty_urls.owner,
        lambda connection: connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        ).all(),
    )
    assert tables == ["alembic_version"]

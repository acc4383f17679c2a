"""The migrations create the tables that the code maps."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from tasks_service.__main__ import MIGRATIONS
from tasks_service.storage.records import SharedBase, TasksBase
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


def test_migrated_schema_matches_the_records(tasks_urls: DatabaseUrls) -> None:
    mapped = MetaData()
    for base in (TasksBase, SharedBase):
        for table in base.metadata.sorted_tables:
            table.to_metadata(mapped)

    differences = ask(
        tasks_urls.owner,
        lambda connection: compare_metadata(MigrationContext.configure(connection), mapped),
    )

    assert differences == []


def test_repeated_migration_is_a_no_op(empty_urls: DatabaseUrls) -> None:
    run_migrations(empty_urls.owner, MIGRATIONS)
    run_migrations(empty_urls.owner, MIGRATIONS)

    assert len(revisions_of(empty_urls.owner)) == 1


def test_migrations_can_be_downgraded(empty_urls: DatabaseUrls) -> None:
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


def test_database_of_a_later_version_is_left_unchanged(
    empty_urls: DatabaseUrls, capsys: pytest.CaptureFixture[str]
) -> None:
    """The situation after a rollback to this version."""
    run_migrations(empty_urls.owner, MIGRATIONS)
    upgrade_beyond(empty_urls.owner, "9999")

    run_migrations(empty_urls.owner, MIGRATIONS)

    assert "the database is at 9999 of a later version" in capsys.readouterr().out
    assert revisions_of(empty_urls.owner) == ["9999"]
    with pytest.raises(CommandError, match="9999"):
        command.downgrade(alembic_config(empty_urls.owner, MIGRATIONS), "base")


def revisions_of(url: str) -> list[str]:
    return ask(
        url,
        lambda connection: list(
            connection.scalars(text("SELECT version_num FROM alembic_version")).all()
        ),
    )


def upgrade_beyond(url: str, revision: str) -> None:
    def change(connection: SyncConnection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        connection.commit()

    ask(url, change)

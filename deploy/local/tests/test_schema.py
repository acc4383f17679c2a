"""Conditions for running and skipping migrations."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from todochat.database.bootstrap import DatabaseUrls
from todochat.testing.servers import PostgresServer
from todochat_local.child import ChildSpec
from todochat_local.plan import StartError
from todochat_local.schema import Migration, SchemaSetup


class Migrator:
    """Fakes the migration programs: records them and sets a revision."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run_task(self, spec: ChildSpec, timeout_s: float) -> None:
        self.ran.append(spec.name)
        await set_revision(spec.env["TASKS_MIGRATION_DATABASE_URL"], "r1")


@pytest_asyncio.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[DatabaseUrls]:
    urls = await postgres.create_database("tasks")
    yield urls
    await postgres.drop_database(urls)


@pytest.fixture
def schema(database: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SchemaSetup:
    package = tmp_path / "sampled" / "migrations"
    package.mkdir(parents=True)
    (tmp_path / "sampled" / "__init__.py").touch()
    (package / "first.py").write_text("one")
    monkeypatch.syspath_prepend(str(tmp_path))
    migration = Migration(
        package="sampled",
        source="sampled",
        variable="TASKS_MIGRATION_DATABASE_URL",
        url=database.owner,
    )
    return SchemaSetup(
        stamp=tmp_path / "schema.json",
        cluster=None,
        admin_url="",
        passwords={"tasks_app": "secret"},
        migrations=[migration],
        environ={},
    )


async def test_second_start_skips_the_migration_programs(schema: SchemaSetup) -> None:
    migrator = Migrator()

    summaries = [await schema.ensure(migrator), await schema.ensure(migrator)]

    assert summaries == ["migrated sampled", ""]
    assert migrator.ran == ["migrate-sampled"]


async def test_new_migration_file_is_run(schema: SchemaSetup, tmp_path: Path) -> None:
    migrator = Migrator()
    await schema.ensure(migrator)
    (tmp_path / "sampled" / "migrations" / "second.py").write_text("two")

    await schema.ensure(migrator)

    assert len(migrator.ran) == 2


async def test_database_at_another_revision_is_migrated(
    schema: SchemaSetup, database: DatabaseUrls
) -> None:
    migrator = Migrator()
    await schema.ensure(migrator)
    await set_revision(database.owner, "r0")

    await schema.ensure(migrator)

    assert len(migrator.ran) == 2


async def test_damaged_stamp_is_ignored(schema: SchemaSetup) -> None:
    migrator = Migrator()
    await schema.ensure(migrator)
    schema.stamp.write_text("")

    await schema.ensure(migrator)

    assert len(migrator.ran) == 2


async def test_changed_passwords_are_set(schema: SchemaSetup) -> None:
    migrator = Migrator()
    await schema.ensure(migrator)

    await replace(schema, passwords={"tasks_app": "another"}).ensure(migrator)

    assert len(migrator.ran) == 2


async def test_unreachable_database_stops_the_start(schema: SchemaSetup) -> None:
    await schema.ensure(Migrator())
    nowhere = replace(schema.migrations[0], url="postgresql://nobody@127.0.0.1:1/x")

    with pytest.raises(StartError, match="schema can't be checked"):
        await replace(schema, migrations=[nowhere]).ensure(Migrator())


async def test_package_without_migrations_stops_the_start(
    schema: SchemaSetup, tmp_path: Path
) -> None:
    (tmp_path / "sampled" / "migrations" / "first.py").unlink()

    with pytest.raises(StartError, match="finds no migrations"):
        await schema.ensure(Migrator())


async def set_revision(url: str, revision: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
        await connection.execute("TRUNCATE alembic_version")
        await connection.execute("INSERT INTO alembic_version VALUES ($1)", revision)
    finally:
        await connection.close()

"""Migrations only add, so that the previous release works with the new schema; and they keep data."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import Script, ScriptDirectory

from backup_kit import MIGRATIONS, Server
from deploy_kit import ROOT
from migration_rules import Complaint, complaints, read_schema
from rows_kit import FIRST_ROWS
from todochat.database.migrations import alembic_config, run_migrations

# The baseline: everything before was one version, 0.1.0.
BEFORE_THE_FIRST_RELEASE = {("chat", "0002", "items: is rewritten, and locked for as long")}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    try:
        yield server.start()
    finally:
        server.stop()


def scripts(database: str) -> list[Script]:
    """Return the migrations of a database in order."""
    directory = ScriptDirectory.from_config(alembic_config("", MIGRATIONS[database]))
    return list(directory.walk_revisions())[::-1]


@asynccontextmanager
async def connect(server: Server, database: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(server.url(database, "owner"))
    try:
        yield connection
    finally:
        await connection.close()


def within(
    server: Server, database: str, work: Callable[[Any], Awaitable[Any]], *, kept: bool = True
) -> Any:
    """Run an operation in one transaction as the owner."""

    async def run() -> Any:
        async with connect(server, database) as connection:
            transaction = connection.transaction()
            await transaction.start()
            done = await work(connection)
            await (transaction.commit() if kept else transaction.rollback())
            return done

    return asyncio.run(run())


def rows(server: Server, database: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, as the superuser sees them."""
    tables = server.ask(
        database, "SELECT tablename AS t FROM pg_tables WHERE schemaname = 'public'"
    )
    return {
        table: [dict(row) for row in server.ask(database, f'SELECT * FROM "{table}"')]
        for table in sorted(str(row["t"]) for row in tables)
        if table != "alembic_version"
    }


def insert_first_rows(server: Server, database: str) -> dict[str, list[dict[str, Any]]]:
    for statement in FIRST_ROWS[database]:
        server.ask(database, statement)
    found = rows(server, database)
    assert [table for table, each in found.items() if not each] == []
    return found


def assert_kept(
    before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]
) -> None:
    """Check that every row is unchanged, except for added columns."""
    for table, each in before.items():
        columns = list(each[0])
        assert [{name: row[name] for name in columns} for row in after[table]] == each, table


def unexplained(
    database: str, script: Script, found: list[Complaint], releases: set[str]
) -> list[str]:
    """Return forbidden changes: neither in the migration's CONTRACTS nor before the first release."""
    contracts: dict[str, str] = getattr(script.module, "CONTRACTS", {})
    return [
        str(each)
        for each in found
        if contracts.get(each.subject) not in releases
        and (database, script.revision, str(each)) not in BEFORE_THE_FIRST_RELEASE
    ]


def released() -> set[str]:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return set(re.findall(r"^## \[?(\d+\.\d+\.\d+)", changelog, re.MULTILINE))


@pytest.mark.parametrize("database", MIGRATIONS)
def test_migrations_only_add_and_keep_every_row(server: Server, database: str) -> None:
    """From the first revision to the newest, with a row in every table, and back."""
    url, folder = server.url(database, "owner"), MIGRATIONS[database]
    first, *later = scripts(database)
    run_migrations(url, folder, first.revision)
    before = insert_first_rows(server, database)
    schema = within(server, database, read_schema)
    wrong: dict[str, list[str]] = {}

    for script in later:
        run_migrations(url, folder, script.revision)
        now = within(server, database, read_schema)
        if unfit := unexplained(database, script, complaints(schema, now), released()):
            wrong[script.revision] = unfit
        schema = now

    assert wrong == {}
    assert_kept(before, rows(server, database))
    command.downgrade(alembic_config(url, folder), first.revision)
    assert rows(server, database) == before
    run_migrations(url, folder)


BREAKAGES = [
    ("DROP TABLE task_events", "task_events: is dropped"),
    ("ALTER TABLE tasks DROP COLUMN notes", "tasks.notes: is dropped"),
    ("ALTER TABLE tasks RENAME COLUMN notes TO note", "tasks.notes: is dropped"),
    ("ALTER TABLE tasks RENAME TO things", "tasks: is dropped"),
    ("ALTER TABLE tasks ALTER number TYPE bigint", "tasks.number: was integer, becomes bigint"),
    ("ALTER TABLE tasks ALTER number TYPE bigint", "tasks: is rewritten"),
    ("ALTER TABLE lists ALTER deleted_at SET NOT NULL", "lists.deleted_at: becomes NOT NULL"),
    ("ALTER TABLE user_counters ALTER last_number DROP DEFAULT", "last_number: loses its default"),
    ("ALTER TABLE tasks ADD colour text NOT NULL", "tasks.colour: is NOT NULL without a default"),
    ("ALTER TABLE tasks ADD CHECK (title <> '')", "refuses rows: CHECK"),
    ("ALTER TABLE tasks ADD UNIQUE (user_id, title)", "refuses rows: UNIQUE"),
    (
        "ALTER TABLE tasks ADD FOREIGN KEY (user_id, title) REFERENCES tasks (user_id, id)",
        "refuses rows: FOREIGN KEY",
    ),
    ("CREATE UNIQUE INDEX ON tasks (lower(title))", "refuses rows: CREATE UNIQUE INDEX"),
    (
        (
            "ALTER TABLE tasks DROP CONSTRAINT ck_tasks_due_at,"
            " ADD CONSTRAINT ck_tasks_due_at CHECK (due_at IS NULL)"
        ),
        "tasks:ck_tasks_due_at: refuses rows: CHECK",
    ),
    ("REVOKE UPDATE ON tasks FROM tasks_app", "tasks: UPDATE of tasks_app: is taken away"),
    ("DROP POLICY tasks_own_rows ON tasks", "tasks:tasks_own_rows: is dropped"),
    ("ALTER POLICY tasks_own_rows ON tasks USING (false)", "tasks:tasks_own_rows: becomes"),
    ("CREATE POLICY p ON tasks AS RESTRICTIVE USING (false)", "tasks:p: is restrictive"),
    ("ALTER TABLE tasks DISABLE ROW LEVEL SECURITY", "tasks: row-level security changes"),
    ("DROP FUNCTION f(int)", "f(integer): is dropped"),
    ("CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN 2", "f(integer): changes"),
]
HARMLESS = [
    "CREATE TABLE more (id text PRIMARY KEY, owner text NOT NULL UNIQUE)",
    "ALTER TABLE tasks ADD colour text, ADD weight integer NOT NULL DEFAULT 0",
    "ALTER TABLE tasks ADD colour text CHECK (colour <> '') UNIQUE",
    "ALTER TABLE tasks ADD parent text REFERENCES tasks (id)",
    "ALTER TABLE tasks ADD a text, ADD FOREIGN KEY (user_id, a) REFERENCES tasks (user_id, id)",
    "ALTER TABLE tasks ALTER notes DROP NOT NULL",
    "CREATE INDEX ON tasks (created_at)",
    "ALTER TABLE tasks DROP CONSTRAINT ck_tasks_priority",
    "GRANT DELETE ON tasks TO tasks_app",
    "CREATE POLICY p ON tasks TO tasks_jobs USING (true)",
]


def complaints_about(server: Server, statement: str) -> list[Complaint]:
    """Return the complaints about a migration of one statement, which is then rolled back."""

    async def migrate(connection: Any) -> list[Complaint]:
        await connection.execute("TRUNCATE tasks, lists CASCADE")
        await connection.execute("CREATE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN 1")
        before = await read_schema(connection)
        await connection.execute(statement)
        return complaints(before, await read_schema(connection))

    found: list[Complaint] = within(server, "tasks", migrate, kept=False)
    return found


@pytest.fixture(scope="module")
def migrated(server: Server) -> Server:
    run_migrations(server.url("tasks", "owner"), MIGRATIONS["tasks"])
    return server


@pytest.mark.parametrize(("statement", "complaint"), BREAKAGES)
def test_change_that_breaks_the_previous_release_is_reported(
    migrated: Server, statement: str, complaint: str
) -> None:
    assert any(complaint in str(each) for each in complaints_about(migrated, statement))


@pytest.mark.parametrize("statement", HARMLESS)
def test_additive_change_is_accepted(migrated: Server, statement: str) -> None:
    assert complaints_about(migrated, statement) == []


def test_object_unused_since_a_release_may_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripts("tasks")[-1]
    contracts = {"tasks.notes": "0.2.0", "tasks.tags": "0.3.0"}
    monkeypatch.setattr(script.module, "CONTRACTS", contracts, raising=False)
    found = [Complaint("tasks.notes", "is dropped"), Complaint("tasks.tags", "is dropped")]

    left = unexplained("tasks", script, found, {"0.1.0", "0.2.0"})

    assert left == ["tasks.tags: is dropped"]  # 0.3.0 is not released: 0.2.0 still uses it

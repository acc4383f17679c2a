"""The backup script on a real server: everything is restored, and no data is overwritten."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import pytest

from backup_kit import MIGRATIONS, Backups, Server, ask
from rows_kit import FIRST_ROWS, RUN
from todochat.database.migrations import run_migrations
from todochat.engines import postgres_install_dir

# Intentional changes of a restore.
MENDED = {
    ("auth", "erasures"),
    ("auth", "sessions"),
    ("auth", "signing_keys"),
    ("tasks", "run_attempts"),
}
Rows = dict[tuple[str, str], list[str]]


@pytest.fixture(scope="module")
def used() -> Iterator[Server]:
    """A server with a row in every table of the first release, at the newest revision."""
    server = Server()
    try:
        server.start()
        for database, folder in MIGRATIONS.items():
            run_migrations(server.url(database, "owner"), folder, "0001")
            asyncio.run(_insert(server.admin_url, database))
            run_migrations(server.url(database, "owner"), folder)
        server.ask(
            "auth", "INSERT INTO erasures VALUES ('usr_going', now(), now(), 1, '2099-01-01')"
        )
        # Two users who deleted their accounts between the dumps.
        server.ask("tasks", "INSERT INTO user_counters VALUES ('it''s; gone')")
        server.ask("chat", "INSERT INTO owners VALUES ('example|42', 1)")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def backups() -> Iterator[Backups]:
    with TemporaryDirectory() as folder:
        yield Backups(Path(folder))


@pytest.fixture(scope="module")
def saved(used: Server, backups: Backups) -> str:
    """The name of a backup of `used`."""
    return backups.save(used.admin_url)


@pytest.fixture(scope="module")
def restored(backups: Backups, saved: str) -> Iterator[Server]:
    """A new server restored from that backup, with the script's `restore_output`."""
    server = Server()
    try:
        server.start()
        server.restore_output = backups.restore(server.admin_url, saved)
        yield server
    finally:
        server.stop()


@pytest.fixture
def empty(restored: Server) -> Server:
    """A server in the state after `python -m todochat.database`."""
    for database in MIGRATIONS:
        restored.ask(database, "DROP SCHEMA public CASCADE")
        restored.ask(database, "CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        restored.ask(database, "GRANT USAGE ON SCHEMA public TO PUBLIC")
    return restored


async def _insert(admin_url: str, database: str) -> None:
    for statement in FIRST_ROWS[database]:
        await ask(admin_url, database, statement)


def rows_of(server: Server) -> Rows:
    """Return every row of every table, as text."""
    found: Rows = {}
    for database in MIGRATIONS:
        tables = server.ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (str(row["tablename"]) for row in tables):
            rows = server.ask(database, f'SELECT t::text AS row FROM "{table}" AS t')
            found[database, table] = sorted(str(row["row"]) for row in rows)
    return found


def rights_of(server: Server) -> list[Any]:
    """Return all grants and policies."""
    found: list[Any] = []
    for database in MIGRATIONS:
        found += server.ask(
            database,
            "SELECT relname, relowner::regrole::text, relrowsecurity, relforcerowsecurity,"
            " array(SELECT a::text FROM unnest(relacl) AS a ORDER BY 1) AS acl"
            " FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname",
        )
        found += server.ask(
            database,
            "SELECT tablename, policyname, roles, cmd, qual, with_check"
            " FROM pg_policies ORDER BY tablename, policyname",
        )
    found += server.ask(
        "postgres",
        "SELECT datname, datdba::regrole::text, datacl::text FROM pg_database"
        " WHERE datname IN ('auth', 'tasks', 'chat') ORDER BY datname",
    )
    return found


def test_restored_installation_has_every_row_and_grant(used: Server, restored: Server) -> None:
    rows, found = rows_of(used), rows_of(restored)

    assert set(found) == set(rows)
    for each in set(rows) - MENDED:
        assert found[each] == rows[each], each
    assert rights_of(restored) == rights_of(used)


def test_restore_ends_all_sessions(restored: Server) -> None:
    reasons = restored.ask("auth", "SELECT revoke_reason FROM sessions WHERE revoked_at <= now()")

    assert [row["revoke_reason"] for row in reasons] == ["restored"]
    assert restored.ask("auth", "SELECT 1 FROM sessions WHERE revoked_at IS NULL") == []


def test_a_backup_holds_no_signing_key(used: Server, restored: Server) -> None:
    assert used.ask("auth", "SELECT 1 FROM signing_keys") != []
    assert restored.ask("auth", "SELECT 1 FROM signing_keys") == []


def test_restore_clears_attempt_fences(used: Server, restored: Server) -> None:
    """tasks may have a later attempt than chat, whose dump is the earlier one."""
    assert used.ask("tasks", "SELECT attempt FROM run_attempts")[0]["attempt"] == 2

    assert restored.ask("tasks", "SELECT 1 FROM run_attempts") == []
    run = restored.ask("chat", "SELECT attempt, status FROM runs WHERE run_id = $1", RUN)
    assert [tuple(row.values()) for row in run] == [(1, "running")]


def test_restore_erases_users_without_an_account(restored: Server) -> None:
    due = restored.ask("auth", "SELECT user_id FROM erasures WHERE next_attempt_at <= now()")

    assert {row["user_id"] for row in due} == {"usr_going", "it's; gone", "example|42"}
    assert "2 without an account will be erased" in restored.restore_output


def test_restore_never_overwrites_existing_data(used: Server, backups: Backups, saved: str) -> None:
    rows = rows_of(used)

    refused = backups.run(used.admin_url, "restore", saved)

    assert refused.returncode == 1
    assert "database chat is not empty" in refused.stderr
    assert rows_of(used) == rows


def test_role_without_access_to_every_row_is_refused(used: Server, tmp_path: Path) -> None:
    """Its dump would contain no user's rows."""
    backups = Backups(tmp_path / "backups")

    refused = backups.run(used.url("chat", "owner"), "save")

    assert refused.returncode == 1
    assert "chat_owner doesn't see every row" in refused.stderr
    assert list(backups.folder.iterdir()) == []


def test_failed_dump_leaves_no_backup(used: Server, tmp_path: Path) -> None:
    backups, broken = Backups(tmp_path / "backups"), tmp_path / "bin"
    broken.mkdir()
    (broken / "pg_dump").write_text("#!/bin/sh\nexit 1\n")
    (broken / "pg_dump").chmod(0o755)

    failed = backups.run(used.admin_url, "save", path=str(broken))

    assert failed.returncode == 1
    assert list(backups.folder.iterdir()) == []


@pytest.mark.slow
def test_old_backups_are_deleted_but_never_the_newest(used: Server, tmp_path: Path) -> None:
    backups = Backups(tmp_path / "backups")
    for name in ("2020-01-01T000000Z", "2020-01-02T000000Z", "not-ours"):
        (backups.folder / name).mkdir()

    name = backups.save(used.admin_url)

    assert {path.name for path in backups.folder.iterdir()} == {name, "not-ours"}
    assert backups.run("", "list").stdout.split()[0] == name


def test_backup_is_readable_by_its_owner_only(backups: Backups, saved: str) -> None:
    paths = [backups.folder / saved, *(backups.folder / saved).iterdir()]

    assert {path.stat().st_mode & 0o077 for path in paths} == {0}


@pytest.mark.slow
def test_url_may_be_in_a_file_and_percent_encoded(used: Server, tmp_path: Path) -> None:
    used.ask("postgres", "CREATE ROLE \"a@b\" SUPERUSER LOGIN PASSWORD '50%/\\x'")
    server = used.admin_url.partition("@")[2]
    file = tmp_path / "url"
    file.write_text(f"postgresql://a%40b:50%25%2F%5Cx@{server}\n")

    done = Backups(tmp_path / "backups").run("", "save", DATABASE_ADMIN_URL_FILE=str(file))

    used.ask("postgres", 'DROP ROLE "a@b"')
    assert done.returncode == 0, done.stderr


# The rest empties the restored server.


def test_damaged_backup_is_refused_entirely(empty: Server, backups: Backups, saved: str) -> None:
    shutil.copytree(backups.folder / saved, backups.folder / "damaged")
    dump = backups.folder / "damaged/auth.dump"
    dump.write_bytes(dump.read_bytes()[:-1])

    refused = backups.run(empty.admin_url, "restore", "damaged")

    assert refused.returncode == 1
    assert "damaged is damaged" in refused.stderr
    assert empty.ask("chat", "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_restore_is_refused_while_services_run(empty: Server, backups: Backups, saved: str) -> None:
    async def restore_beside_a_service() -> "subprocess.CompletedProcess[str]":
        connection = await asyncpg.connect(empty.url("tasks", "app"))
        try:
            return await asyncio.to_thread(backups.run, empty.admin_url, "restore", saved)
        finally:
            await connection.close()

    refused = asyncio.run(restore_beside_a_service())

    assert refused.returncode == 1
    assert "database tasks has open connections" in refused.stderr


@pytest.mark.slow
def test_failed_account_query_erases_no_user(
    empty: Server, backups: Backups, saved: str, tmp_path: Path
) -> None:
    """A failed query must not be taken for a missing account."""
    program = tmp_path / "psql"
    real = postgres_install_dir() / "bin/psql"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *"SELECT id FROM users"*) exit 1 ;; esac\nexec {real} "$@"\n'
    )
    program.chmod(0o755)

    broken = backups.run(empty.admin_url, "restore", saved, path=str(tmp_path))

    assert broken.returncode == 1
    assert "will be erased" not in broken.stdout
    assert empty.ask("auth", "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


@pytest.mark.slow
def test_interrupted_restore_changes_nothing_and_can_be_repeated(
    empty: Server, backups: Backups, saved: str, tmp_path: Path
) -> None:
    program = tmp_path / "pg_restore"
    program.write_text('#!/bin/sh\ncase "$*" in *tasks_restored*) exit 1 ;; esac\nexit 0\n')
    program.chmod(0o755)

    broken = backups.run(empty.admin_url, "restore", saved, path=str(tmp_path))
    left = empty.ask("chat", "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
    backups.restore(empty.admin_url, saved)

    assert broken.returncode == 1
    assert left == []
    names = {str(row["d"]) for row in empty.ask("postgres", "SELECT datname AS d FROM pg_database")}
    assert names == {"auth", "tasks", "chat", "postgres", "template0", "template1"}
    assert empty.ask("auth", "SELECT email FROM users")[0]["email"] == "ada@example.com"


@pytest.mark.slow
def test_migrated_databases_without_users_count_as_empty(
    empty: Server, backups: Backups, saved: str
) -> None:
    """The state of an installation that was started once."""
    for database, folder in MIGRATIONS.items():
        run_migrations(empty.url(database, "owner"), folder)

    done = backups.run(empty.admin_url, "save", BACKUP_RESTORE=saved)  # as in a CronJob's Job

    assert done.returncode == 0, done.stderr
    assert empty.ask("auth", "SELECT email FROM users")[0]["email"] == "ada@example.com"

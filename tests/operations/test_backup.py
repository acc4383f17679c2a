"""The backup script on a real server: everything comes back, and nothing of anybody is overwritten."""

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

# What a restore changes on purpose.
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
        # Two who deleted their accounts between the dumps.
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
    """A new server with that backup; `said` is what the script said."""
    server = Server()
    try:
        server.start()
        server.said = backups.restore(server.admin_url, saved)
        yield server
    finally:
        server.stop()


@pytest.fixture
def empty(restored: Server) -> Server:
    """A server as `python -m todochat.database` leaves it."""
    for database in MIGRATIONS:
        restored.ask(database, "DROP SCHEMA public CASCADE")
        restored.ask(database, "CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        restored.ask(database, "GRANT USAGE ON SCHEMA public TO PUBLIC")
    return restored


async def _insert(admin_url: str, database: str) -> None:
    for statement in FIRST_ROWS[database]:
        await ask(admin_url, database, statement)


def rows_of(server: Server) -> Rows:
    """Every row of every table, as text."""
    found: Rows = {}
    for database in MIGRATIONS:
        tables = server.ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (str(row["tablename"]) for row in tables):
            rows = server.ask(database, f'SELECT t::text AS row FROM "{table}" AS t')
            found[database, table] = sorted(str(row["row"]) for row in rows)
    return found


def rights_of(server: Server) -> list[Any]:
    """Who may do what, and under which policies."""
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


def test_a_restored_installation_has_every_row_and_every_right(
    used: Server, restored: Server
) -> None:
    rows, found = rows_of(used), rows_of(restored)

    assert set(found) == set(rows)
    for each in set(rows) - MENDED:
        assert found[each] == rows[each], each
    assert rights_of(restored) == rights_of(used)


def test_nobody_is_signed_in_after_a_restore(restored: Server) -> None:
    reasons = restored.ask("auth", "SELECT revoke_reason FROM sessions WHERE revoked_at <= now()")

    assert [row["revoke_reason"] for row in reasons] == ["restored"]
    assert restored.ask("auth", "SELECT 1 FROM sessions WHERE revoked_at IS NULL") == []


def test_a_backup_holds_no_signing_key(used: Server, restored: Server) -> None:
    assert used.ask("auth", "SELECT 1 FROM signing_keys") != []
    assert restored.ask("auth", "SELECT 1 FROM signing_keys") == []


def test_attempts_of_before_hinder_no_run(used: Server, restored: Server) -> None:
    """tasks may know a later attempt than chat, whose dump is the earlier one."""
    assert used.ask("tasks", "SELECT attempt FROM run_attempts")[0]["attempt"] == 2

    assert restored.ask("tasks", "SELECT 1 FROM run_attempts") == []
    run = restored.ask("chat", "SELECT attempt, status FROM runs WHERE run_id = $1", RUN)
    assert [tuple(row.values()) for row in run] == [(1, "running")]


def test_who_has_no_account_any_more_is_erased(restored: Server) -> None:
    due = restored.ask("auth", "SELECT user_id FROM erasures WHERE next_attempt_at <= now()")

    assert {row["user_id"] for row in due} == {"usr_going", "it's; gone", "example|42"}
    assert "2 without an account will be erased" in restored.said


def test_what_belongs_to_somebody_is_never_overwritten(
    used: Server, backups: Backups, saved: str
) -> None:
    rows = rows_of(used)

    refused = backups.run(used.admin_url, "restore", saved)

    assert refused.returncode == 1
    assert "database chat is not empty" in refused.stderr
    assert rows_of(used) == rows


def test_a_role_that_does_not_see_every_row_is_refused(used: Server, tmp_path: Path) -> None:
    """Its dump would be one without anybody's rows."""
    backups = Backups(tmp_path / "backups")

    refused = backups.run(used.url("chat", "owner"), "save")

    assert refused.returncode == 1
    assert "chat_owner doesn't see every row" in refused.stderr
    assert list(backups.folder.iterdir()) == []


def test_a_dump_that_fails_leaves_no_backup(used: Server, tmp_path: Path) -> None:
    backups, broken = Backups(tmp_path / "backups"), tmp_path / "bin"
    broken.mkdir()
    (broken / "pg_dump").write_text("#!/bin/sh\nexit 1\n")
    (broken / "pg_dump").chmod(0o755)

    failed = backups.run(used.admin_url, "save", path=str(broken))

    assert failed.returncode == 1
    assert list(backups.folder.iterdir()) == []


@pytest.mark.slow
def test_old_backups_go_but_never_the_newest(used: Server, tmp_path: Path) -> None:
    backups = Backups(tmp_path / "backups")
    for name in ("2020-01-01T000000Z", "2020-01-02T000000Z", "not-ours"):
        (backups.folder / name).mkdir()

    name = backups.save(used.admin_url)

    assert {path.name for path in backups.folder.iterdir()} == {name, "not-ours"}
    assert backups.run("", "list").stdout.split()[0] == name


def test_nobody_else_may_read_a_backup(backups: Backups, saved: str) -> None:
    paths = [backups.folder / saved, *(backups.folder / saved).iterdir()]

    assert {path.stat().st_mode & 0o077 for path in paths} == {0}


@pytest.mark.slow
def test_a_url_may_be_in_a_file_and_have_escapes(used: Server, tmp_path: Path) -> None:
    used.ask("postgres", "CREATE ROLE \"a@b\" SUPERUSER LOGIN PASSWORD '50%/\\x'")
    server = used.admin_url.partition("@")[2]
    file = tmp_path / "url"
    file.write_text(f"postgresql://a%40b:50%25%2F%5Cx@{server}\n")

    done = Backups(tmp_path / "backups").run("", "save", DATABASE_ADMIN_URL_FILE=str(file))

    used.ask("postgres", 'DROP ROLE "a@b"')
    assert done.returncode == 0, done.stderr


# The rest empties the restored server.


def test_a_damaged_backup_is_refused_as_a_whole(
    empty: Server, backups: Backups, saved: str
) -> None:
    shutil.copytree(backups.folder / saved, backups.folder / "damaged")
    dump = backups.folder / "damaged/auth.dump"
    dump.write_bytes(dump.read_bytes()[:-1])

    refused = backups.run(empty.admin_url, "restore", "damaged")

    assert refused.returncode == 1
    assert "damaged is damaged" in refused.stderr
    assert empty.ask("chat", "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_restore_under_services_that_run_is_refused(
    empty: Server, backups: Backups, saved: str
) -> None:
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
def test_who_has_an_account_is_not_erased_when_it_cannot_be_asked_for(
    empty: Server, backups: Backups, saved: str, tmp_path: Path
) -> None:
    """A question that fails is not the answer that nobody has an account."""
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
def test_a_restore_that_breaks_off_changes_nothing_and_can_be_done_again(
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
def test_migrated_databases_without_anybody_are_empty(
    empty: Server, backups: Backups, saved: str
) -> None:
    """As an installation has them that was started once."""
    for database, folder in MIGRATIONS.items():
        run_migrations(empty.url(database, "owner"), folder)

    done = backups.run(empty.admin_url, "save", BACKUP_RESTORE=saved)  # as in a CronJob's Job

    assert done.returncode == 0, done.stderr
    assert empty.ask("auth", "SELECT email FROM users")[0]["email"] == "ada@example.com"

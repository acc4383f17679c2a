"""Setup of roles and databases: `python -m todochat.database`."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from todochat.database.bootstrap import DATABASES, role_names
from todochat.database.setup import SetupSettings, make_plan, set_up
from todochat.settings import SettingsError, load_settings
from todochat.testing.servers import PostgresProcess

ADMIN = "site_admin"
VARIABLES = {
    "AUTH_MIGRATION_DATABASE_URL": "auth_owner",
    "AUTH_DATABASE_URL": "auth_app",
    "TASKS_MIGRATION_DATABASE_URL": "tasks_owner",
    "TASKS_DATABASE_URL": "tasks_app",
    "TASKS_JOBS_DATABASE_URL": "tasks_jobs",
    "CHAT_MIGRATION_DATABASE_URL": "chat_owner",
    "CHAT_DATABASE_URL": "chat_app",
    "CHAT_JOBS_DATABASE_URL": "chat_jobs",
}


@pytest.fixture(scope="module")
def started_server() -> Iterator[str]:
    """A server for this module, since all databases of a server share its roles."""
    process = PostgresProcess()
    process.start()
    yield process.admin_url
    process.stop()


@pytest_asyncio.fixture
async def server(started_server: str) -> AsyncIterator[str]:
    yield started_server
    for database in DATABASES:
        await execute(started_server, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for role in [*role_names(), ADMIN]:
        await execute(started_server, f"DROP ROLE IF EXISTS {role}")


@pytest_asyncio.fixture
async def admin_url(server: str) -> str:
    """The URL of an administrator without superuser, as on hosted PostgreSQL."""
    await execute(server, f"CREATE ROLE {ADMIN} LOGIN CREATEDB CREATEROLE PASSWORD 'admin'")
    return with_user(server, ADMIN, "admin")


def with_user(url: str, user: str, password: str, database: str | None = None) -> str:
    made = make_url(url).set(username=user, password=password)
    made = made.set(database=database) if database else made
    return made.render_as_string(hide_password=False)


def service_urls(server: str) -> dict[str, str]:
    return {
        variable: with_user(server, role, secrets.token_hex(8), role.partition("_")[0])
        for variable, role in VARIABLES.items()
    }


def settings(admin_url: str, urls: dict[str, str]) -> SetupSettings:
    return load_settings(SetupSettings, {"DATABASE_ADMIN_URL": admin_url, **urls})


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def fetchval(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def run_command(environ: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "todochat.database",
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode().strip()


async def test_roles_reach_their_database_and_have_no_privileges(
    server: str, admin_url: str
) -> None:
    urls = service_urls(server)

    first = await run_command({"DATABASE_ADMIN_URL": admin_url, **urls})
    await set_up(settings(admin_url, urls))  # idempotent

    assert first == (0, "roles and databases are set up")
    found = {name: await fetchval(url, "SELECT current_user") for name, url in urls.items()}
    assert found == VARIABLES
    powers = "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole"
    mighty = f"SELECT array_agg(rolname::text) FROM pg_roles WHERE {powers}"
    assert set(await fetchval(server, mighty)) == {"postgres", ADMIN}
    for family in DATABASES:
        owner = urls[f"{family.upper()}_MIGRATION_DATABASE_URL"]
        await execute(owner, "CREATE TABLE made_by_its_owner ()")


async def test_roles_cannot_connect_to_other_databases(server: str) -> None:
    urls = service_urls(server)
    await set_up(settings(server, urls))

    stranger = make_url(urls["TASKS_DATABASE_URL"]).set(database="chat")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stranger.render_as_string(hide_password=False))


async def test_setup_updates_passwords_and_revokes_role_attributes(server: str) -> None:
    await set_up(settings(server, service_urls(server)))
    await execute(server, "ALTER ROLE chat_app BYPASSRLS")
    changed = service_urls(server)

    await set_up(settings(server, changed))

    bypass = "SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user"
    assert await fetchval(changed["CHAT_DATABASE_URL"], bypass) is False


async def test_url_with_wrong_role_is_rejected(started_server: str) -> None:
    urls = service_urls(started_server)
    urls["CHAT_DATABASE_URL"] = urls["CHAT_JOBS_DATABASE_URL"]

    answer = await run_command({"DATABASE_ADMIN_URL": started_server, **urls})

    line = "setting CHAT_DATABASE_URL: must be postgresql://chat_app:PASSWORD@HOST/DATABASE"
    assert answer == (2, line)


def test_two_families_cannot_share_a_database() -> None:
    urls = service_urls("postgresql://db")
    shared = make_url(urls["CHAT_DATABASE_URL"]).set(database="tasks")
    urls["CHAT_DATABASE_URL"] = shared.render_as_string(hide_password=False)

    with pytest.raises(SettingsError) as caught:
        make_plan(settings("postgresql://db", urls))

    assert str(caught.value) == "setting CHAT_DATABASE_URL: database tasks is that of tasks"

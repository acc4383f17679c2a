"""Roles and databases as compose and Kubernetes have them made: `python -m todochat.database`."""

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
    """A server of this module, since roles are shared by all databases of one."""
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
    """The URL of somebody who is no superuser, as at those who host PostgreSQL."""
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


async def set_up(environ: dict[str, str]) -> tuple[int | None, str]:
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


async def test_every_role_reaches_its_database_and_none_has_power(
    server: str, admin_url: str
) -> None:
    urls = service_urls(server)

    first = await set_up({"DATABASE_ADMIN_URL": admin_url, **urls})
    again = await set_up({"DATABASE_ADMIN_URL": admin_url, **urls})

    assert first == again == (0, "roles and databases are there")
    found = {name: await fetchval(url, "SELECT current_user") for name, url in urls.items()}
    assert found == VARIABLES
    powers = "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole"
    mighty = f"SELECT array_agg(rolname::text) FROM pg_roles WHERE {powers}"
    assert set(await fetchval(server, mighty)) == {"postgres", ADMIN}
    for family in DATABASES:
        owner = urls[f"{family.upper()}_MIGRATION_DATABASE_URL"]
        await execute(owner, "CREATE TABLE made_by_its_owner ()")


async def test_a_database_is_closed_to_the_roles_of_the_others(server: str) -> None:
    urls = service_urls(server)
    await set_up({"DATABASE_ADMIN_URL": server, **urls})

    stranger = make_url(urls["TASKS_DATABASE_URL"]).set(database="chat")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stranger.render_as_string(hide_password=False))


async def test_new_passwords_take_effect_and_lost_innocence_is_restored(server: str) -> None:
    await set_up({"DATABASE_ADMIN_URL": server, **service_urls(server)})
    await execute(server, "ALTER ROLE chat_app BYPASSRLS")
    changed = service_urls(server)

    status, _ = await set_up({"DATABASE_ADMIN_URL": server, **changed})

    bypass = "SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user"
    assert status == 0
    assert await fetchval(changed["CHAT_DATABASE_URL"], bypass) is False


async def test_a_url_of_another_role_is_refused_by_name(server: str) -> None:
    urls = service_urls(server)
    urls["CHAT_DATABASE_URL"] = urls["CHAT_JOBS_DATABASE_URL"]

    answer = await set_up({"DATABASE_ADMIN_URL": server, **urls})

    line = "setting CHAT_DATABASE_URL: must be postgresql://chat_app:PASSWORD@HOST/DATABASE"
    assert answer == (2, line)

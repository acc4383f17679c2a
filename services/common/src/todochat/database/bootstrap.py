"""The databases and roles this system needs, made once by a superuser.

For each database: `<db>_owner` owns it and migrates, `<db>_app` serves requests under row-level
security, `<db>_jobs` runs the jobs that cross users, under policies that name it. What exists
already stays, but for the roles' passwords and the grants, which are set anew.
"""

from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec

DATABASES: Final = ("auth", "tasks", "chat")
KINDS: Final = ("owner", "app", "jobs")


class DatabaseUrls(msgspec.Struct, frozen=True):
    """One database as its three roles reach it."""

    owner: str
    app: str
    jobs: str


async def bootstrap(
    admin_url: str,
    passwords: Mapping[str, str],
    *,
    databases: Mapping[str, str] | None = None,
) -> None:
    """Make roles and databases that don't exist yet, and set the roles' passwords.

    Args:
        admin_url: a superuser's URL of any database of the server.
        passwords: role name (`chat_app`) -> password.
        databases: database name -> family (`auth`, `tasks` or `chat`) whose roles it gets;
            each family's database has the family's name by default.
    """
    targets = dict(databases or {name: name for name in DATABASES})
    connection = await asyncpg.connect(admin_url, timeout=5)
    try:
        roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        for role, password in passwords.items():
            await _set_role(connection, role, password, exists=role in roles)
        present = {
            row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")
        }
        for name, family in targets.items():
            if name not in present:
                await connection.execute(
                    f'CREATE DATABASE "{name}" OWNER "{family}_owner" TEMPLATE template0'
                )
            await _grant(connection, name, family)
    finally:
        await connection.close()


def role_names(families: tuple[str, ...] = DATABASES) -> list[str]:
    """Return every role of the given families."""
    return [f"{family}_{kind}" for family in families for kind in KINDS]


async def _set_role(
    connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str, *, exists: bool
) -> None:
    verb = "ALTER" if exists else "CREATE"
    quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(
        f'{verb} ROLE "{role}" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE'
        f" PASSWORD {quoted}"
    )


async def _grant(connection: "asyncpg.Connection[asyncpg.Record]", name: str, family: str) -> None:
    """Say who may connect; said each time, since an earlier try may have ended half-way."""
    await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    await connection.execute(
        f'GRANT CONNECT ON DATABASE "{name}" TO "{family}_app", "{family}_jobs"'
    )

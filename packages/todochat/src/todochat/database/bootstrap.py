"""Creates the databases and roles of this system, once, as an administrator.

The launcher does it at its first start; elsewhere run `python -m todochat.database`. It needs a
superuser, or a role with CREATEDB and CREATEROLE, as hosted PostgreSQL provides.

For each database: `<db>_owner` owns it and migrates, `<db>_app` serves requests under row-level
security, `<db>_jobs` runs the jobs that cross users, under policies that name it. Existing
objects stay; the roles' passwords and the grants are set again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

DATABASES: Final = ("auth", "tasks", "chat")
KINDS: Final = ("owner", "app", "jobs")
_ATTRIBUTES: Final = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
_IS_HARMLESS: Final = (
    "SELECT NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)"
    " FROM pg_roles WHERE rolname = $1"
)


@dataclass(frozen=True)
class DatabaseUrls:
    """URLs of one database for its three roles."""

    owner: str
    app: str
    jobs: str


async def bootstrap(
    admin_url: str,
    passwords: Mapping[str, str | None],
    *,
    databases: Mapping[str, str] | None = None,
) -> None:
    """Create missing roles and databases, and set the roles' passwords.

    Args:
        admin_url: the administrator's URL of any database of the server.
        passwords: role name (`chat_app`) -> password; None for a role without login.
        databases: database name -> family (`auth`, `tasks` or `chat`) whose roles it gets;
            each family's database has the family's name by default.
    """
    targets = dict(databases or {name: name for name in DATABASES})
    connection = await asyncpg.connect(admin_url, timeout=5)
    try:
        for role, password in passwords.items():
            await _set_role(connection, role, password)
        present = {
            row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")
        }
        for name, family in targets.items():
            if name not in present:
                owner = f"{family}_owner"
                if not await connection.fetchval("SELECT pg_has_role($1, 'SET')", owner):
                    # Without superuser, the owner of a database must be a role that the current
                    # one may become.
                    await connection.execute(
                        f'GRANT "{owner}" TO CURRENT_USER WITH SET TRUE, INHERIT TRUE'
                    )
                await connection.execute(
                    f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE template0'
                )
            # Repeated each time, since an earlier attempt may have been interrupted.
            await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            await connection.execute(
                f'GRANT CONNECT ON DATABASE "{name}" TO "{family}_app", "{family}_jobs"'
            )
    finally:
        await connection.close()


def role_names() -> list[str]:
    """Return the roles of all databases."""
    return [f"{family}_{kind}" for family in DATABASES for kind in KINDS]


async def _set_role(
    connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str | None
) -> None:
    harmless = await connection.fetchval(_IS_HARMLESS, role)
    if harmless is None:
        await connection.execute(f'CREATE ROLE "{role}" {_ATTRIBUTES}')
    elif not harmless:  # only a superuser may revoke some of these
        await connection.execute(f'ALTER ROLE "{role}" {_ATTRIBUTES}')
    if password is None:
        await connection.execute(f'ALTER ROLE "{role}" NOLOGIN')
    else:
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        await connection.execute(f'ALTER ROLE "{role}" LOGIN PASSWORD {quoted}')

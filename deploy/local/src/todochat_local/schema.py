"""Roles, databases and migrations: done once, and again only when they changed.

Starting the three migration programs takes seconds that a warm start doesn't have, so schema.json
remembers what was done: the cluster, the passwords, the migration files, the revision each
database was at. All of it is compared, the revision with what the database itself says.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from todochat.private_files import read_json_object, write_private
from todochat_local.child import ChildSpec
from todochat_local.plan import StartError, TaskRunner
from todochat_local.python_process import python_command

MIGRATION_TIMEOUT_S: Final = 120.0
CONNECT_TIMEOUT_S: Final = 5.0
SCHEMA: Final = "schema"
_SYSTEM_IDENTIFIER: Final = slice(0, 8)  # of global/pg_control: one per cluster, since 7.1


@dataclass(frozen=True, kw_only=True)
class Migration:
    """How one service migrates its database.

    Args:
        variable: the name under which the service reads `url`, its owner role's.
    """

    package: str
    variable: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Everything about the databases that has to be right before a service starts.

    Args:
        cluster: the embedded PostgreSQL's data; None if every database is somewhere else.
        passwords: of the embedded roles.
    """

    stamp: Path
    cluster: Path | None
    admin_url: str
    passwords: Mapping[str, str]
    migrations: Sequence[Migration]
    environ: Mapping[str, str]

    async def ensure(self, runner: TaskRunner) -> str:
        """Do what is missing.

        Returns:
            What was done; empty if nothing was.

        Raises:
            StartError: PostgreSQL refuses, or a migration failed.
        """
        import asyncpg  # noqa: PLC0415 - 90 ms that overlap with the start of PostgreSQL

        wanted = self._fingerprint()
        try:
            if await self._is_current(wanted):
                return ""
            await self._make_roles()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StartError(SCHEMA, f"can't be checked: {error}") from error
        await asyncio.gather(*(self._migrate(runner, item) for item in self.migrations))
        revisions = await self._revisions()
        write_private(self.stamp, json.dumps({**wanted, "revisions": revisions}, indent=1))
        return "migrated " + ", ".join(item.package for item in self.migrations)

    async def _is_current(self, wanted: dict[str, Any]) -> bool:
        done = read_json_object(self.stamp)
        if done is None:
            return False
        revisions = done.pop("revisions", None)
        return bool(done == wanted and revisions == await self._revisions())

    async def _make_roles(self) -> None:
        from todochat.database.bootstrap import bootstrap  # noqa: PLC0415 - as above

        if self.cluster is not None:
            await bootstrap(self.admin_url, self.passwords)

    def _fingerprint(self) -> dict[str, Any]:
        passwords = json.dumps(dict(self.passwords), sort_keys=True)
        return {
            "cluster": _cluster_id(self.cluster) if self.cluster else "",
            "roles": hashlib.sha256(passwords.encode()).hexdigest(),
            "files": {item.package: _files_hash(item.package) for item in self.migrations},
        }

    async def _revisions(self) -> dict[str, list[str]]:
        found = await asyncio.gather(*(_revision(item.url) for item in self.migrations))
        return {item.package: each for item, each in zip(self.migrations, found, strict=True)}

    async def _migrate(self, runner: TaskRunner, item: Migration) -> None:
        spec = ChildSpec(
            name=f"migrate-{item.package.replace('_', '-')}",
            command=python_command(item.package, "migrate"),
            env={**self.environ, item.variable: item.url},
        )
        await runner.run_task(spec, MIGRATION_TIMEOUT_S)


async def _revision(url: str) -> list[str]:
    """Return Alembic's current revision; none if the database has not been migrated."""
    import asyncpg  # noqa: PLC0415 - as above

    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return []
        rows = await connection.fetch("SELECT version_num FROM alembic_version ORDER BY 1")
        return [row["version_num"] for row in rows]
    finally:
        await connection.close()


def _cluster_id(cluster: Path) -> str:
    return (cluster / "global" / "pg_control").read_bytes()[_SYSTEM_IDENTIFIER].hex()


def _files_hash(package: str) -> str:
    """Hash a package's migrations, found without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(SCHEMA, f"needs the package {package}, which is not installed")
    digest = hashlib.sha256()
    folder = Path(spec.origin).parent / "migrations"
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()

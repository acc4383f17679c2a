"""Creates roles and databases and runs migrations, only if something has changed.

The three migration programs take seconds, so a warm start skips them: schema.json stores the
cluster, a hash of the passwords, hashes of the migration files and the revision of each database.
All of it is compared with the current values, the revisions with those in the databases.
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


@dataclass(frozen=True, kw_only=True)
class Migration:
    """The migration of one service's database.

    Args:
        package: the service, whose command `migrate` is run.
        source: the package with the migrations: the service's own, or its runtime's.
        variable: the variable for `url`, the URL of the database's owner role.
    """

    package: str
    source: str
    variable: str
    url: str


@dataclass(frozen=True, kw_only=True)
class SchemaSetup:
    """Prepares the databases before services start.

    Args:
        cluster: the data of the embedded PostgreSQL; None if every database is external.
        passwords: by role, of the embedded PostgreSQL.
    """

    stamp: Path
    cluster: Path | None
    admin_url: str
    passwords: Mapping[str, str]
    migrations: Sequence[Migration]
    environ: Mapping[str, str]

    async def ensure(self, runner: TaskRunner) -> str:
        """Create roles and databases and migrate, unless the schema is current.

        Returns:
            A summary; empty if it was a no-op.

        Raises:
            StartError: PostgreSQL returned an error, or a migration failed.
        """
        import asyncpg  # noqa: PLC0415 - takes 90 ms, in parallel with the start of PostgreSQL

        wanted = self.fingerprint()
        done = read_json_object(self.stamp) or {}
        revisions = done.pop("revisions", None)
        try:
            if done == wanted and revisions == await self._revisions():
                return ""
            if self.cluster is not None:
                from todochat.database.bootstrap import bootstrap  # noqa: PLC0415 - as above

                await bootstrap(self.admin_url, self.passwords)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StartError(SCHEMA, f"can't be checked: {error}") from error
        await asyncio.gather(
            *(
                runner.run_task(
                    ChildSpec(
                        name=f"migrate-{item.package.replace('_', '-')}",
                        command=python_command(item.package, "migrate"),
                        env={**self.environ, item.variable: item.url},
                    ),
                    MIGRATION_TIMEOUT_S,
                )
                for item in self.migrations
            )
        )
        revisions = await self._revisions()
        write_private(self.stamp, json.dumps({**wanted, "revisions": revisions}, indent=1))
        return "migrated " + ", ".join(item.package for item in self.migrations)

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that, when changed, makes a migration necessary."""
        # The system identifier of global/pg_control: unique per cluster, since PostgreSQL 7.1.
        control = self.cluster / "global" / "pg_control" if self.cluster else None
        passwords = json.dumps(dict(self.passwords), sort_keys=True)
        return {
            "cluster": control.read_bytes()[:8].hex() if control else "",
            "roles": hashlib.sha256(passwords.encode()).hexdigest(),
            "files": {item.package: migrations_hash(item.source) for item in self.migrations},
        }

    async def _revisions(self) -> dict[str, list[str]]:
        found = await asyncio.gather(*(read_revision(item.url) for item in self.migrations))
        return {item.package: each for item, each in zip(self.migrations, found, strict=True)}


async def read_revision(url: str) -> list[str]:
    """Return Alembic's current revision; empty if the database has not been migrated."""
    import asyncpg  # noqa: PLC0415 - as above

    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return []
        rows = await connection.fetch("SELECT version_num FROM alembic_version ORDER BY 1")
        return [row["version_num"] for row in rows]
    finally:
        await connection.close()


def migrations_hash(package: str) -> str:
    """Return a hash of a package's migrations; the package isn't imported.

    Raises:
        StartError: the package isn't installed, or has no migrations.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(SCHEMA, f"needs the package {package}, which is not installed")
    digest = hashlib.sha256()
    folder = Path(spec.origin).parent / "migrations"
    files = sorted(folder.rglob("*.py"))
    if not files:
        raise StartError(SCHEMA, f"finds no migrations in {folder}")
    for path in files:
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()

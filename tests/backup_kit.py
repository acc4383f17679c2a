"""Backups with `backup.sh` on real servers, as an operator makes them."""

import asyncio
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import make_url

from auth_session.__main__ import MIGRATIONS as AUTH_MIGRATIONS
from deploy_kit import ROOT
from durable_chatkit.commands import MIGRATIONS as CHAT_MIGRATIONS
from tasks_service.__main__ import MIGRATIONS as TASKS_MIGRATIONS
from todochat.database.bootstrap import DATABASES, KINDS, bootstrap, role_names
from todochat.engines import postgres_install_dir
from todochat.testing.servers import PostgresProcess

MIGRATIONS: Final = {
    "auth": AUTH_MIGRATIONS,
    "tasks": TASKS_MIGRATIONS,
    "chat": CHAT_MIGRATIONS,
}
SCRIPT: Final = ROOT / "deploy/kubernetes/components/backup/backup.sh"
TIMEOUT_S: Final = 300
_URLS: Final = {
    "owner": "MIGRATION_DATABASE_URL",
    "app": "DATABASE_URL",
    "jobs": "JOBS_DATABASE_URL",
}


class Backups:
    """A folder of backups, and the script that writes and reads it.

    Attributes:
        script: the text to run; a test may replace it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = SCRIPT
        folder.mkdir(parents=True, exist_ok=True)

    def run(
        self, admin_url: str, *arguments: str, path: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run the script to its end and return the result, whether it succeeds or fails."""
        return subprocess.run(
            ["bash", str(self.script), *arguments],
            env=self.environment(admin_url, path=path, **variables),
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    def save(self, admin_url: str) -> str:
        """Save and return the name of the backup."""
        return name_of(self.run(admin_url, "save"))

    def restore(self, admin_url: str, name: str) -> str:
        """Restore and return the output."""
        done = self.run(admin_url, "restore", name)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self, admin_url: str, *, path: str = "", **variables: str) -> dict[str, str]:
        """Return the script's environment; `path` precedes the programs of the wheel."""
        programs = str(postgres_install_dir() / "bin")
        return {
            "PATH": os.pathsep.join(filter(None, [path, programs, os.environ["PATH"]])),
            "DATABASE_ADMIN_URL": admin_url,
            "BACKUP_DIR": str(self.folder),
            **variables,
        }


class SlowDump:
    """A `pg_dump` that pauses before one of the databases until the test releases it."""

    def __init__(self, folder: Path, database: str) -> None:
        self.path = str(folder)
        self._reached, self._gate = folder / "reached", folder / "gate"
        folder.mkdir()
        program = folder / "pg_dump"
        program.write_text(
            "#!/bin/sh\nfor last; do :; done\n"
            f'if [ "$last" = {database} ]; then\n'
            f"  touch {self._reached}\n  while [ ! -e {self._gate} ]; do sleep 0.1; done\nfi\n"
            f'exec {postgres_install_dir() / "bin/pg_dump"} "$@"\n'
        )
        program.chmod(0o755)

    def waits(self) -> bool:
        return self._reached.exists()

    def release(self) -> None:
        self._gate.touch()


class Server:
    """A PostgreSQL server with the three databases under their own names.

    Attributes:
        restore_output: the output of the script that restored it.
    """

    def __init__(self) -> None:
        self.restore_output = ""
        self._process = PostgresProcess()
        self._passwords = {role: token_hex(8) for role in role_names()}

    def start(self) -> "Server":
        self._process.start()
        asyncio.run(bootstrap(self.admin_url, self._passwords))
        return self

    def stop(self) -> None:
        self._process.stop()

    @property
    def admin_url(self) -> str:
        return self._process.admin_url

    def url(self, family: str, kind: str) -> str:
        role = f"{family}_{kind}"
        url = make_url(self.admin_url).set(
            username=role, password=self._passwords[role], database=family
        )
        return url.render_as_string(hide_password=False)

    def variables(self, *, migrated: bool = True) -> dict[str, str]:
        """Return the variables that make a stack use it.

        Args:
            migrated: whether the stack migrates the databases to its newest revision.
        """
        return {
            f"{family.upper()}_{_URLS[kind]}": self.url(family, kind)
            for family in DATABASES
            for kind in KINDS
            if (family, kind) != ("auth", "jobs") and (migrated or kind != "owner")
        }

    def ask(self, database: str, query: str, *arguments: object) -> list[Mapping[str, Any]]:
        """Query as the superuser, who sees every row."""
        return asyncio.run(ask(self.admin_url, database, query, *arguments))


async def ask(
    admin_url: str, database: str, query: str, *arguments: object
) -> list[Mapping[str, Any]]:
    """Query a server's database as the superuser, who sees every row."""
    url = make_url(admin_url).set(database=database).render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


def name_of(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the backup name in the output of `save`."""
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"^saved (\S+):", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return found[1]

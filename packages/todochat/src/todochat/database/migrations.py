"""Runs Alembic from code: one script location per service, always to the newest revision."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from todochat.database.engine import CONNECT_TIMEOUT_S, asyncpg_url

LOCK_TIMEOUT: Final = "4s"  # a migration waits this long for a table in use, then gives up
STATEMENT_TIMEOUT: Final = "60s"
_ADVISORY_LOCK: Final = 7_402_118_391  # one migrator at a time per database
_MAY_BE_NEWER: Final = "may_be_newer"


def alembic_config(url: str, script_location: str | Path) -> Config:
    """Return the configuration that the `alembic` command line would read from a file."""
    config = Config()
    config.set_main_option("script_location", str(script_location))
    config.attributes["url"] = url
    return config


def run_migrations(url: str, script_location: str | Path, revision: str = "head") -> None:
    """Bring a database to `revision`; concurrent callers wait for each other.

    A database migrated by a later version stays as it is: migrations only add, so that a rollback
    to this version works.

    Args:
        url: the owner role's URL.
    """
    config = alembic_config(url, script_location)
    config.attributes[_MAY_BE_NEWER] = True
    command.upgrade(config, revision)


def run_env(target_metadata: MetaData) -> None:
    """Run the migrations; the whole content of a service's `migrations/env.py`."""
    asyncio.run(_run(context.config.attributes["url"], target_metadata))


async def _run(url: str, target_metadata: MetaData) -> None:
    engine = create_async_engine(
        asyncpg_url(url),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "server_settings": {
                "lock_timeout": LOCK_TIMEOUT,
                "statement_timeout": STATEMENT_TIMEOUT,
                "application_name": "migrate",
            },
        },
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate, target_metadata)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, target_metadata: MetaData) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    context.configure(
        connection=connection, target_metadata=target_metadata, transactional_ddl=True
    )
    known = {script.revision for script in context.script.walk_revisions()}
    newer = [head for head in context.get_context().get_current_heads() if head not in known]
    if newer and context.config.attributes.get(_MAY_BE_NEWER):
        sys.stdout.write(f"the database is at {newer[0]} of a later version: nothing to migrate\n")
        return
    with context.begin_transaction():
        context.run_migrations()

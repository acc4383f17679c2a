"""`python -m tasks_service serve|migrate`: the only file that reads the environment."""

import gc

if __name__ == "__main__":
    gc.disable()  # imports create little garbage; todochat.http.server.run collects it

import os
import sys
from pathlib import Path
from typing import Final

import todochat.lean_imports  # noqa: F401 - before all others
from tasks_service.app import create_app
from tasks_service.settings import TasksMigrationSettings, TasksSettings
from todochat.faults import arm_fault_points
from todochat.http.server import exit_with, load_settings_or_exit, run
from todochat.settings import SettingsError, load_settings

MIGRATIONS: Final = Path(__file__).parent / "migrations"
USAGE: Final = "usage: python -m tasks_service serve|migrate"


def main() -> None:
    """Run the command given on the command line."""
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["migrate"]:
            migrate()
        case _:
            exit_with(USAGE)


def serve() -> None:
    """Serve until SIGTERM."""
    settings = load_settings_or_exit(TasksSettings, os.environ)  # noqa: TID251 - the only read
    arm_fault_points(os.environ.get("TODOCHAT_FAULT_POINTS", ""))  # noqa: TID251
    run(create_app(settings), settings, host=settings.host, port=settings.port)


def migrate() -> None:
    """Migrate the database to the current schema."""
    try:
        settings = load_settings(TasksMigrationSettings, os.environ)  # noqa: TID251
    except SettingsError as error:
        exit_with(str(error))
    from todochat.database.migrations import run_migrations  # noqa: PLC0415 - serving needs no Alembic

    run_migrations(settings.migration_database_url, MIGRATIONS)


if __name__ == "__main__":
    main()

"""`python -m todo_agent api|worker|migrate|usage`: the only file that reads the environment."""

import gc

if __name__ == "__main__":
    gc.disable()  # importing frees nothing; todochat.server.run turns it on again

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from todo_agent.mcp_on_demand import postpone_mcp
from todo_agent.settings import (
    MigrationSettings,
    TodoAgentSettings,
    UsageSettings,
    check_transcription,
)
from todochat.faults import arm_fault_points
from todochat.server import exit_with, load_settings_or_exit, run
from todochat.settings import SettingsError, load_settings

MIGRATIONS: Final = Path(__file__).parent / "migrations"
USAGE: Final = "usage: python -m todo_agent api|worker|migrate|usage"


def main() -> None:
    """Run the command of the command line."""
    match sys.argv[1:]:
        case ["api"]:
            serve_api()
        case ["worker"]:
            work()
        case ["migrate"]:
            migrate()
        case ["usage", *options]:
            report_usage(options)
        case _:
            exit_with(USAGE)


def serve_api() -> None:
    """Serve the internal api until SIGTERM."""
    postpone_mcp()
    settings = _load_settings()  # first: openai-chatkit reads LOG_LEVEL, too, and crashes on it
    try:
        check_transcription(settings)
    except SettingsError as error:
        exit_with(str(error))
    from todo_agent.app import create_app  # noqa: PLC0415 - see above

    run(create_app(settings), settings, host=settings.host, port=settings.port)


def work() -> None:
    """Run agents until SIGTERM."""
    postpone_mcp()
    settings = _load_settings()
    from todo_agent.worker.main import run_worker  # noqa: PLC0415 - as in serve_api

    run_worker(settings)


def migrate() -> None:
    """Bring the database to this version's schema."""
    from todochat.database.migrations import run_migrations  # noqa: PLC0415 - only here: Alembic

    try:
        settings = load_settings(MigrationSettings, os.environ)  # noqa: TID251
    except SettingsError as error:
        exit_with(str(error))
    run_migrations(settings.migration_database_url, MIGRATIONS)


def report_usage(arguments: Sequence[str]) -> None:
    """Print what models were asked for."""
    from todo_agent import usage_report  # noqa: PLC0415 - only here: SQLAlchemy

    parser = argparse.ArgumentParser("todo_agent usage", description="What models were asked for.")
    usage_report.add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        settings = load_settings(UsageSettings, os.environ)  # noqa: TID251
    except SettingsError as error:
        exit_with(str(error))
    sys.exit(usage_report.print_usage(settings, options))


def _load_settings() -> TodoAgentSettings:
    settings = load_settings_or_exit(TodoAgentSettings, os.environ)  # noqa: TID251 - read once, here
    arm_fault_points(os.environ.get("TODOCHAT_FAULT_POINTS", ""))  # noqa: TID251
    return settings


if __name__ == "__main__":
    main()

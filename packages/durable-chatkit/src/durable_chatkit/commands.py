"""The commands of an agent service: `api`, `worker`, `migrate` and those that print or import.

A service's `__main__.py` calls `run_command` with its settings and the environment.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from durable_chatkit.mcp_on_demand import postpone_mcp
from durable_chatkit.parsers_on_demand import postpone_griffe, postpone_jinja
from durable_chatkit.server_without_agents import import_server_without_agents
from durable_chatkit.settings import (
    ChatSettings,
    ImportSettings,
    MigrationSettings,
    UsageSettings,
    check_transcription,
)
from todochat.faults import arm_fault_points
from todochat.http.server import exit_with, load_settings_or_exit, run
from todochat.lean_imports import postpone_orm
from todochat.settings import SettingsError

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def run_command(
    program: str,
    settings_type: type[ChatSettings],
    arguments: Sequence[str],
    environ: Mapping[str, str],
) -> None:
    """Run the command; exits with 2 if the command or a setting is invalid.

    Args:
        program: how it is started, for example `python -m tea_agent`.
    """
    match arguments:
        case ["api"]:
            serve_api(settings_type, environ)
        case ["worker"]:
            work(settings_type, environ)
        case ["migrate"]:
            migrate(environ)
        case ["usage", *options]:
            report_usage(program, options, environ)
        case ["import-threads", *options]:
            import_threads(program, options, environ)
        case ["entry-point"]:
            describe_entry_point(settings_type, environ)
        case ["check-model"]:
            check_configured_model(settings_type, environ)
        case _:
            commands = "api|worker|migrate|usage|import-threads|entry-point|check-model"
            exit_with(f"usage: {program} {commands}")


def serve_api(settings_type: type[ChatSettings], environ: Mapping[str, str]) -> None:
    """Serve the internal API until SIGTERM."""
    # Before the imports: openai-chatkit reads LOG_LEVEL, too, and crashes if it is invalid.
    settings = _load_settings(settings_type, environ)
    try:
        check_transcription(settings)
    except SettingsError as error:
        exit_with(str(error))
    if settings.factory == settings.own_factory:  # only a hosted ChatKitServer runs in the API
        import_server_without_agents()
    from durable_chatkit.app import create_app  # noqa: PLC0415 - see above

    run(create_app(settings), settings, host=settings.host, port=settings.port)


def work(settings_type: type[ChatSettings], environ: Mapping[str, str]) -> None:
    """Run the worker until SIGTERM."""
    settings = _load_settings(settings_type, environ)
    postpone_griffe()
    from durable_chatkit.worker.main import run_worker  # noqa: PLC0415 - as in serve_api

    run_worker(settings)


def migrate(environ: Mapping[str, str]) -> None:
    """Migrate the database to this version's schema."""
    from todochat.database.migrations import run_migrations  # noqa: PLC0415 - imports Alembic

    settings = load_settings_or_exit(MigrationSettings, environ)
    run_migrations(settings.migration_database_url, MIGRATIONS)


def report_usage(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Print the usage of models."""
    from durable_chatkit import usage_report  # noqa: PLC0415 - imports SQLAlchemy

    parser = argparse.ArgumentParser(f"{program} usage", description="The usage of models.")
    usage_report.add_arguments(parser)
    options = parser.parse_args(arguments)
    settings = load_settings_or_exit(UsageSettings, environ)
    sys.exit(usage_report.print_usage(settings, options))


def import_threads(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Import threads of another ChatKit store."""
    postpone_mcp()
    from durable_chatkit import thread_import  # noqa: PLC0415 - imports SQLAlchemy and ChatKit

    description = "Import threads from JSON lines; see docs/adopting/import-threads.md."
    parser = argparse.ArgumentParser(f"{program} import-threads", description=description)
    thread_import.add_arguments(parser)
    options = parser.parse_args(arguments)
    settings = load_settings_or_exit(ImportSettings, environ)
    sys.exit(thread_import.import_file(settings, options))


def describe_entry_point(settings_type: type[ChatSettings], environ: Mapping[str, str]) -> None:
    """Load the entry point as a worker does, and print its kind; exits with 2 if it is rejected."""
    settings = _load_settings(settings_type, environ)
    from durable_chatkit.agent.environment import open_environment  # noqa: PLC0415 - as in serve_api
    from durable_chatkit.agent.factory import load_entry_point  # noqa: PLC0415

    async def describe() -> str:
        async with open_environment(settings) as (environment, _):
            return (await load_entry_point(settings.factory, environment)).describe()

    try:
        sys.stdout.write(asyncio.run(describe()) + "\n")
    except SettingsError as error:
        exit_with(str(error))


def check_configured_model(settings_type: type[ChatSettings], environ: Mapping[str, str]) -> None:
    """Ask the configured model for an answer, and print the result; exits with 2 if it has none."""
    settings = _load_settings(settings_type, environ)
    from durable_chatkit.agent.model_check import (  # noqa: PLC0415 - as in serve_api
        ModelCheckError,
        check_model,
    )

    try:
        sys.stdout.write(asyncio.run(check_model(settings)) + "\n")
    except (ModelCheckError, SettingsError) as error:
        exit_with(str(error))


def _load_settings(settings_type: type[ChatSettings], environ: Mapping[str, str]) -> ChatSettings:
    postpone_mcp()
    postpone_orm()
    settings = load_settings_or_exit(settings_type, environ)
    postpone_jinja()  # imports openai-chatkit, see serve_api
    arm_fault_points(environ.get("TODOCHAT_FAULT_POINTS", ""))
    return settings

"""The commands `auth-session serve | migrate | admin`."""

import gc

if __name__ == "__main__":
    gc.disable()  # imports create little garbage; todochat.http.server.run collects it

import argparse
import os
from pathlib import Path
from typing import Final

import auth_session
import todochat.lean_imports  # noqa: F401 - before all others
from auth_session.admin import command as admin_command
from auth_session.app import create_app
from auth_session.settings import AuthMigrationSettings, AuthSessionSettings
from todochat.http.server import exit_with, load_settings_or_exit, run
from todochat.settings import SettingsError

MIGRATIONS: Final = Path(auth_session.__file__).parent / "migrations"


def main() -> None:
    """Run the command of the command line."""
    parser = argparse.ArgumentParser(
        prog="auth-session", description="Accounts, sign-in, signing keys and client secrets."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve until SIGTERM")
    commands.add_parser("migrate", help="migrate the database to the newest revision")
    admin_command.add_to(commands.add_parser("admin", help="manage accounts and signing keys"))
    arguments = parser.parse_args()
    if arguments.command == "migrate":
        migrate()
    elif arguments.command == "serve":
        settings = _settings()
        run(create_app(settings), settings, host=settings.host, port=settings.port)
    else:
        admin_command.administer(arguments, _settings())


def migrate() -> None:
    """Migrate the database to the newest revision."""
    from todochat.database.migrations import run_migrations  # noqa: PLC0415 - loads Alembic

    settings = load_settings_or_exit(AuthMigrationSettings, os.environ)  # noqa: TID251 - as below
    run_migrations(settings.auth_migration_database_url, MIGRATIONS)


def _settings() -> AuthSessionSettings:
    settings = load_settings_or_exit(AuthSessionSettings, os.environ)  # noqa: TID251 - the one place
    try:
        settings.check()
    except SettingsError as error:
        exit_with(str(error))
    return settings


if __name__ == "__main__":
    main()

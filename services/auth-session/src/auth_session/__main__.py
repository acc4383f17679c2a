"""The commands `auth-session serve | migrate | admin`."""

import gc

if __name__ == "__main__":
    gc.disable()  # importing frees nothing; todochat.server.run turns it on again

import argparse
import asyncio
import getpass
import os
import sys
from pathlib import Path
from typing import Final

import auth_session
from auth_session.app import create_app
from auth_session.lifespan import open_services
from auth_session.service.account_service import AccountService, NewAccount
from auth_session.settings import AuthMigrationSettings, AuthSessionSettings
from todochat.clock import to_wire
from todochat.errors import ServiceError
from todochat.server import exit_with, load_settings_or_exit, run
from todochat.settings import SettingsError, load_settings

EXIT_REFUSED: Final = 1
MIGRATIONS: Final = Path(auth_session.__file__).parent / "migrations"


def main() -> None:
    """Run the command that was given."""
    arguments = _parser().parse_args()
    if arguments.command == "migrate":
        _migrate()
    elif arguments.command == "serve":
        settings = _settings()
        run(create_app(settings), settings, host=settings.host, port=settings.port)
    else:
        _administer(arguments)


def _migrate() -> None:
    from todochat.database.migrations import run_migrations  # noqa: PLC0415 - only here: Alembic

    try:
        settings = load_settings(AuthMigrationSettings, os.environ)  # noqa: TID251 - the one place
    except SettingsError as error:
        exit_with(str(error))
    run_migrations(settings.auth_migration_database_url, MIGRATIONS)


def _administer(arguments: argparse.Namespace) -> None:
    try:
        asyncio.run(_run_admin(arguments, _settings()))
    except ServiceError as error:
        sys.stderr.write(error.detail + "\n")
        sys.exit(EXIT_REFUSED)


async def _run_admin(arguments: argparse.Namespace, settings: AuthSessionSettings) -> None:
    async with open_services(settings) as services:
        if arguments.action == "create":
            await _create_user(services.accounts, arguments)
        elif arguments.action == "invite":
            _say(await services.accounts.invite(arguments.email))
        else:
            async for user in services.accounts.all():
                fields = (user.id, user.email or "-", to_wire(user.created_at), user.name or "-")
                _say("\t".join(fields))


async def _create_user(accounts: AccountService, arguments: argparse.Namespace) -> None:
    account = NewAccount(email=arguments.email, password=_read_password(), name=arguments.name)
    user = await accounts.create(account)
    _say(user.id)


def _read_password() -> str:
    # Never an argument: arguments are shown to every user of the machine.
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _settings() -> AuthSessionSettings:
    settings = load_settings_or_exit(AuthSessionSettings, os.environ)  # noqa: TID251 - the one place
    try:
        settings.check()
    except SettingsError as error:
        exit_with(str(error))
    return settings


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="auth-session", description="Accounts, sign-in, signing keys and client secrets."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest revision")
    admin = commands.add_parser("admin", help="look after accounts")
    user = admin.add_subparsers(dest="subject", required=True).add_parser("user", help="accounts")
    actions = user.add_subparsers(dest="action", required=True)
    create = actions.add_parser(
        "create", help="make an account; the password is asked for, or read from standard input"
    )
    create.add_argument("--email", required=True)
    create.add_argument("--name")
    actions.add_parser("list", help="id, e-mail address, creation and name of every account")
    invite = actions.add_parser("invite", help="print a code that lets one person sign up")
    invite.add_argument("--email", help="the only address the code holds for")
    return parser


if __name__ == "__main__":
    main()

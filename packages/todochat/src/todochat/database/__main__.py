"""`python -m todochat.database`: creates roles and databases; idempotent."""

import asyncio
import os
import sys

import asyncpg

from todochat.database.setup import SetupSettings, set_up
from todochat.settings import SettingsError, load_settings


def main() -> None:
    """Set up the server that DATABASE_ADMIN_URL names; exits with 1 if it refuses."""
    try:
        settings = load_settings(SetupSettings, os.environ)  # noqa: TID251 - read once, here
        asyncio.run(set_up(settings))
    except SettingsError as error:
        from todochat.http.server import exit_with  # noqa: PLC0415 - only here: Litestar takes a second

        exit_with(str(error))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        sys.exit(f"can't set up the databases: {error}")
    sys.stdout.write("roles and databases are set up\n")


if __name__ == "__main__":
    main()

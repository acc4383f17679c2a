"""Sets up the roles and databases that the services' URLs name."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from todochat.database.bootstrap import bootstrap
from todochat.settings import SettingsError

_SECRET: Final = {"secret": True}


class SetupSettings(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """The administrator's URL, and those of services and migrations.

    The latter define the password of each role and the names of the databases.
    """

    database_admin_url: Annotated[
        str,
        Meta(
            extra=_SECRET, description="PostgreSQL as a role that may create databases and roles."
        ),
    ]
    auth_migration_database_url: Annotated[str, Meta(extra=_SECRET)]
    auth_database_url: Annotated[str, Meta(extra=_SECRET)]
    tasks_migration_database_url: Annotated[str, Meta(extra=_SECRET)]
    tasks_database_url: Annotated[str, Meta(extra=_SECRET)]
    tasks_jobs_database_url: Annotated[str, Meta(extra=_SECRET)]
    chat_migration_database_url: Annotated[str, Meta(extra=_SECRET)]
    chat_database_url: Annotated[str, Meta(extra=_SECRET)]
    chat_jobs_database_url: Annotated[str, Meta(extra=_SECRET)]

    def __repr__(self) -> str:
        """Return only the type's name, since the fields have passwords."""
        return f"{type(self).__name__}(...)"


class SetupPlan(msgspec.Struct, frozen=True):
    """Roles and databases to create.

    Attributes:
        passwords: by role; None for a role without login.
        databases: family by database.
    """

    passwords: dict[str, str | None]
    databases: dict[str, str]

    def __repr__(self) -> str:
        """Return only the type's name, since the fields have passwords."""
        return f"{type(self).__name__}(...)"


async def set_up(settings: SetupSettings) -> None:
    """Create missing roles and databases, and set the roles' passwords.

    Raises:
        SettingsError: a URL names another role than the one its variable is for.
    """
    plan = make_plan(settings)
    await bootstrap(settings.database_admin_url, plan.passwords, databases=plan.databases)


def make_plan(settings: SetupSettings) -> SetupPlan:
    """Read roles and databases from the URLs.

    Raises:
        SettingsError: a URL names another role than the one its variable is for.
    """
    passwords: dict[str, str | None] = {"auth_jobs": None}  # auth has no jobs across users
    databases: dict[str, str] = {}
    for field, role in _ROLES.items():
        family = role.partition("_")[0]
        password, database = _read_url(settings, field, role)
        passwords[role] = password
        if databases.setdefault(database, family) != family:
            msg = f"setting {field.upper()}: database {database} is that of {databases[database]}"
            raise SettingsError(msg)
    return SetupPlan(passwords, databases)


_ROLES: Final = {
    "auth_migration_database_url": "auth_owner",
    "auth_database_url": "auth_app",
    "tasks_migration_database_url": "tasks_owner",
    "tasks_database_url": "tasks_app",
    "tasks_jobs_database_url": "tasks_jobs",
    "chat_migration_database_url": "chat_owner",
    "chat_database_url": "chat_app",
    "chat_jobs_database_url": "chat_jobs",
}


def _read_url(settings: SetupSettings, field: str, role: str) -> tuple[str, str]:
    """Return the password and the database of a URL."""
    try:
        url = make_url(getattr(settings, field))
    except ArgumentError:
        msg = f"setting {field.upper()}: not a URL"
        raise SettingsError(msg) from None
    if url.username != role or not url.password or not url.database:
        msg = f"setting {field.upper()}: must be postgresql://{role}:PASSWORD@HOST/DATABASE"
        raise SettingsError(msg)
    return url.password, url.database

"""PostgreSQL: engines, transactions under row-level security, migrations, roles."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from todochat.database.engine import (
        BypassingRoleError,
        Database,
        asyncpg_url,
        create_engine,
        refuse_bypassing_role,
    )

__all__ = [
    "BypassingRoleError",
    "Database",
    "asyncpg_url",
    "create_engine",
    "refuse_bypassing_role",
]


def __getattr__(name: str) -> object:
    """Import the engine on first use: the launcher needs only `bootstrap`, without SQLAlchemy's 24 MB."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from todochat.database import engine  # noqa: PLC0415 - see above

    return getattr(engine, name)

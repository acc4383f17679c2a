"""PostgreSQL: engines, transactions under row-level security, migrations, roles."""

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

"""Store the name of the agent that a thread and a run belong to.

Revision ID: 0006
Revises: 0005
"""

from typing import Final

from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the columns; existing rows, and those of the previous version, are the default agent's."""
    for table in ("threads", "runs"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN agent text NOT NULL DEFAULT 'default'")


def downgrade() -> None:
    """Drop the columns; the threads of all agents then belong to the only one."""
    for table in ("threads", "runs"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN agent")

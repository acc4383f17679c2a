"""Add the last use and the user agent of sessions, for the list of a user's sessions.

Revision ID: 0003
Revises: 0002
"""

from typing import Final

from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the columns; existing sessions have neither value until their next use."""
    op.execute(
        "ALTER TABLE sessions ADD COLUMN last_used_at timestamptz, ADD COLUMN user_agent text"
    )


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE sessions DROP COLUMN last_used_at, DROP COLUMN user_agent")

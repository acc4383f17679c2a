"""Add what people are shown of their sessions: when one was used last, and by which browser.

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
    """Add the columns; sessions opened before have neither until they are used."""
    op.execute(
        "ALTER TABLE sessions ADD COLUMN last_used_at timestamptz, ADD COLUMN user_agent text"
    )


def downgrade() -> None:
    """Drop what was added."""
    op.execute("ALTER TABLE sessions DROP COLUMN last_used_at, DROP COLUMN user_agent")

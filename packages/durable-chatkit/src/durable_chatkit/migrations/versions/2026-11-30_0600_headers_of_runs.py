"""Store the headers of the client that chat-gateway forwards with a run.

Revision ID: 0005
Revises: 0004
"""

from typing import Final

from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the column; the previous version stores runs without headers."""
    op.execute("ALTER TABLE runs ADD COLUMN headers jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE runs DROP COLUMN headers")

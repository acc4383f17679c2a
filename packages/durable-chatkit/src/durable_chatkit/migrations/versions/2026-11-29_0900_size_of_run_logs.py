"""Store the size of each run's log, to limit the Redis memory of one user's logs.

Revision ID: 0004
Revises: 0003
"""

from typing import Final

from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the columns and an index, which is empty until runs end with the new version."""
    op.execute(
        "ALTER TABLE runs ADD COLUMN log_bytes bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN has_log boolean NOT NULL DEFAULT false"
    )
    op.execute(
        "CREATE INDEX ix_runs_user_id_closed_at_log ON runs (user_id, closed_at) WHERE has_log"
    )


def downgrade() -> None:
    """Drop the columns and the index."""
    op.execute("DROP INDEX ix_runs_user_id_closed_at_log")
    op.execute("ALTER TABLE runs DROP COLUMN log_bytes, DROP COLUMN has_log")

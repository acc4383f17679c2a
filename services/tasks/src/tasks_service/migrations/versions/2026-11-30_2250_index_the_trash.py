"""Index the trash of a user by the time of deletion.

Revision ID: 0007
Revises: 0006
"""

from typing import Final

from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_tasks_trash ON tasks (user_id, deleted_at, id)"
        " WHERE deleted_at IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_trash")

"""Count the open tasks of lists and views from an index alone.

Revision ID: 0022
Revises: 0021
"""

from typing import Final

from alembic import op

revision: Final = "0022"
down_revision: Final = "0021"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_tasks_open_counts ON tasks (user_id, list_id, due_on, due_deadline, start_on)"
        " WHERE deleted_at IS NULL AND completed_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_open_counts")

"""Find open and completed tasks in the order of their titles.

Revision ID: 0019
Revises: 0018
"""

from typing import Final

from alembic import op

revision: Final = "0019"
down_revision: Final = "0018"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_tasks_title ON tasks (user_id, left(title_key, 64))"
        " WHERE deleted_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_title")

"""Find the newest open tasks of a list without sorting all of them.

The index replaces one without the number, which nothing else needs.

Revision ID: 0020
Revises: 0019
"""

from typing import Final

from alembic import op

revision: Final = "0020"
down_revision: Final = "0019"
branch_labels: Final = None
depends_on: Final = None

OPEN: Final = "deleted_at IS NULL AND completed_at IS NULL"


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_tasks_open_list ON tasks (user_id, list_id, number) WHERE {OPEN}")
    op.execute("DROP INDEX ix_tasks_open")


def downgrade() -> None:
    op.execute(f"CREATE INDEX ix_tasks_open ON tasks (user_id, list_id) WHERE {OPEN}")
    op.execute("DROP INDEX ix_tasks_open_list")

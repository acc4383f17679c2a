"""Find the changes of an actor, and open tasks in the order of their numbers.

Revision ID: 0016
Revises: 0015
"""

from typing import Final

from alembic import op

revision: Final = "0016"
down_revision: Final = "0015"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_task_changes_actor ON task_changes (user_id, actor, id)")
    op.execute(
        "CREATE INDEX ix_tasks_open_number ON tasks (user_id, number)"
        " WHERE deleted_at IS NULL AND completed_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_open_number")
    op.execute("DROP INDEX ix_task_changes_actor")

"""Find tasks by start and completion, and sort open and completed tasks together.

Revision ID: 0021
Revises: 0020
"""

from typing import Final

from alembic import op

revision: Final = "0021"
down_revision: Final = "0020"
branch_labels: Final = None
depends_on: Final = None

INDEXES: Final = {
    "ix_tasks_open_start": (
        "(user_id, start_moment, number) WHERE deleted_at IS NULL AND completed_at IS NULL"
    ),
    "ix_tasks_completed": (
        "(user_id, completed_at) WHERE deleted_at IS NULL AND completed_at IS NOT NULL"
    ),
    "ix_tasks_live_due": "(user_id, due_deadline, number) WHERE deleted_at IS NULL",
    "ix_tasks_live_start": "(user_id, start_moment, number) WHERE deleted_at IS NULL",
    "ix_tasks_live_priority": "(user_id, priority, number) WHERE deleted_at IS NULL",
}


def upgrade() -> None:
    for name, definition in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON tasks {definition}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")

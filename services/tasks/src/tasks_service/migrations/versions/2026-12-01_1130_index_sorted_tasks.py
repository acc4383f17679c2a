"""Find open tasks in the order of their priority or title, and pinned tasks.

A title can be longer than an entry of an index, so the index has its beginning only.

Revision ID: 0017
Revises: 0016
"""

from typing import Final

from alembic import op

revision: Final = "0017"
down_revision: Final = "0016"
branch_labels: Final = None
depends_on: Final = None

OPEN: Final = "deleted_at IS NULL AND completed_at IS NULL"
INDEXES: Final = {
    "ix_tasks_open_priority": f"(user_id, priority, number) WHERE {OPEN}",
    "ix_tasks_open_title": f"(user_id, left(title_key, 64)) WHERE {OPEN}",
    "ix_tasks_pinned": "(user_id, number) WHERE is_pinned AND deleted_at IS NULL",
}


def upgrade() -> None:
    for name, definition in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON tasks {definition}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")

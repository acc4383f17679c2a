"""Record the request of each change, find changes by entity, request and run, and blank purged ones.

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
    op.execute("ALTER TABLE task_changes ADD COLUMN request_id text")
    op.execute("ALTER TABLE idempotency_keys ADD COLUMN change_request_id text")
    op.execute("CREATE INDEX ix_task_changes_entity ON task_changes (user_id, entity_id, id)")
    for column in ("request_id", "run_id"):
        op.execute(
            f"CREATE INDEX ix_task_changes_{column.removesuffix('_id')} ON task_changes"
            f" (user_id, {column}, id) WHERE {column} IS NOT NULL"
        )
    # The contents of a task or list that is deleted for good are removed from its records, too.
    op.execute("GRANT UPDATE (before, after) ON task_changes TO tasks_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (before, after) ON task_changes FROM tasks_app")
    for name in ("entity", "request", "run"):
        op.execute(f"DROP INDEX ix_task_changes_{name}")
    op.execute("ALTER TABLE idempotency_keys DROP COLUMN change_request_id")
    op.execute("ALTER TABLE task_changes DROP COLUMN request_id")

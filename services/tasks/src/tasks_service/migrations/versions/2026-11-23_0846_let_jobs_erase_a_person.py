"""Let the jobs role delete all rows of the user that its transaction is bound to.

Revision ID: 0002
Revises: 0001
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = (
    "user_counters",
    "lists",
    "tasks",
    "task_events",
    "idempotency_keys",
    "run_attempts",
)


def upgrade() -> None:
    op.execute("GRANT SELECT, DELETE ON user_counters TO tasks_jobs")
    for table in TABLES:
        op.execute(
            f"CREATE POLICY {table}_erase ON {table} TO tasks_jobs"
            " USING (user_id = nullif(current_setting('app.user_id', true), ''))"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP POLICY {table}_erase ON {table}")
    op.execute("REVOKE SELECT, DELETE ON user_counters FROM tasks_jobs")

"""Let a worker's claim read the thread of its run.

Revision ID: 0007
Revises: 0006
"""

from typing import Final

from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"
branch_labels: Final = None
depends_on: Final = None

BOUND_USER: Final = "nullif(current_setting('app.user_id', true), '')"


def upgrade() -> None:
    """Let chat_jobs read threads and items of the user that its transaction is bound to."""
    for table in ("threads", "items"):
        op.execute(f"GRANT SELECT ON {table} TO chat_jobs")
        op.execute(
            f"CREATE POLICY jobs_read_bound_{table} ON {table} FOR SELECT TO chat_jobs"
            f" USING (user_id = {BOUND_USER})"
        )


def downgrade() -> None:
    """Hide threads and items from chat_jobs."""
    for table in ("threads", "items"):
        op.execute(f"DROP POLICY jobs_read_bound_{table} ON {table}")
        op.execute(f"REVOKE SELECT ON {table} FROM chat_jobs")  # noqa: S608 - a constant

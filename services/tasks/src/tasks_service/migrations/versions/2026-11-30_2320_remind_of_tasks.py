"""Add reminders of tasks, and the times at which they fire.

Revision ID: 0010
Revises: 0009
"""

from typing import Final

from alembic import op

revision: Final = "0010"
down_revision: Final = "0009"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
CREATE TABLE reminders (
    user_id text NOT NULL,
    id text NOT NULL,
    task_id text NOT NULL,
    planned_at timestamptz,
    fires_at timestamptz,
    fired_at timestamptz,
    CONSTRAINT pk_reminders PRIMARY KEY (user_id, id),
    CONSTRAINT fk_reminders_task FOREIGN KEY (user_id, task_id)
        REFERENCES tasks (user_id, id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE tasks ADD COLUMN reminders jsonb")
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_reminders_task ON reminders (user_id, task_id)")
    op.execute("CREATE INDEX ix_reminders_due ON reminders (fires_at) WHERE fires_at IS NOT NULL")
    op.execute("ALTER TABLE reminders ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE reminders FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON reminders TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON reminders TO tasks_jobs")
    op.execute(
        "CREATE POLICY reminders_own_rows ON reminders TO tasks_app"
        " USING (user_id = nullif(current_setting('app.user_id', true), ''))"
        " WITH CHECK (user_id = nullif(current_setting('app.user_id', true), ''))"
    )
    # Finds the users with due reminders, and erases a user.
    op.execute("CREATE POLICY reminders_jobs ON reminders TO tasks_jobs USING (true)")


def downgrade() -> None:
    op.execute("DROP TABLE reminders")
    op.execute("ALTER TABLE tasks DROP COLUMN reminders")

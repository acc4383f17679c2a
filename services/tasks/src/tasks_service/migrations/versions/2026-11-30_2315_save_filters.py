"""Save filters under names, and index due days for views.

Revision ID: 0009
Revises: 0008
"""

from typing import Final

from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
    CREATE TABLE saved_filters (
        user_id text NOT NULL,
        id text NOT NULL,
        name text NOT NULL,
        name_key text NOT NULL,
        filter text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        deleted_at timestamptz,
        CONSTRAINT pk_saved_filters PRIMARY KEY (user_id, id)
    )
"""
OWN: Final = "user_id = nullif(current_setting('app.user_id', true), '')"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(
        "CREATE UNIQUE INDEX ix_saved_filters_name_key ON saved_filters (user_id, name_key)"
        " WHERE deleted_at IS NULL"
    )
    op.execute(
        "CREATE INDEX ix_saved_filters_deleted_at ON saved_filters (deleted_at)"
        " WHERE deleted_at IS NOT NULL"
    )
    op.execute("ALTER TABLE saved_filters ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE saved_filters FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON saved_filters TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON saved_filters TO tasks_jobs")
    op.execute(
        "CREATE POLICY saved_filters_own_rows ON saved_filters TO tasks_app"
        f" USING ({OWN}) WITH CHECK ({OWN})"
    )
    op.execute(
        "CREATE POLICY saved_filters_purge ON saved_filters TO tasks_jobs"
        f" USING (deleted_at IS NOT NULL OR {OWN})"
    )
    op.execute(
        "CREATE INDEX ix_tasks_due_on ON tasks (user_id, due_on)"
        " WHERE deleted_at IS NULL AND completed_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_due_on")
    op.execute("DROP TABLE saved_filters")

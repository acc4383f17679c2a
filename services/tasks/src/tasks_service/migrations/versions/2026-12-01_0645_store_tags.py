"""Store tags that have a colour, or that no task has yet.

Revision ID: 0013
Revises: 0012
"""

from typing import Final

from alembic import op

revision: Final = "0013"
down_revision: Final = "0012"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
    CREATE TABLE tags (
        user_id text NOT NULL,
        id text NOT NULL,
        name text NOT NULL,
        name_key text NOT NULL,
        color text,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        deleted_at timestamptz,
        CONSTRAINT pk_tags PRIMARY KEY (user_id, id)
    )
"""
OWN: Final = "user_id = nullif(current_setting('app.user_id', true), '')"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_tags_deleted_at ON tags (deleted_at) WHERE deleted_at IS NOT NULL")
    op.execute("ALTER TABLE tags ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tags FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON tags TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON tags TO tasks_jobs")
    op.execute(f"CREATE POLICY tags_own_rows ON tags TO tasks_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(
        f"CREATE POLICY tags_purge ON tags TO tasks_jobs USING (deleted_at IS NOT NULL OR {OWN})"
    )


def downgrade() -> None:
    op.execute("DROP TABLE tags")

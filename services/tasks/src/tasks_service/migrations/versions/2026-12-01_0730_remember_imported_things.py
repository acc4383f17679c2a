"""Remember what imported things became, so that importing a file twice adds nothing.

Revision ID: 0015
Revises: 0014
"""

from typing import Final

from alembic import op

revision: Final = "0015"
down_revision: Final = "0014"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
    CREATE TABLE imported (
        user_id text NOT NULL,
        source text NOT NULL,
        kind text NOT NULL,
        key text NOT NULL,
        entity_id text NOT NULL,
        digest text NOT NULL,
        imported_at timestamptz NOT NULL,
        CONSTRAINT pk_imported PRIMARY KEY (user_id, source, kind, key)
    )
"""
OWN: Final = "(user_id = nullif(current_setting('app.user_id', true), ''))"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_imported_entity ON imported (user_id, entity_id)")
    op.execute("ALTER TABLE imported ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE imported FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON imported TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON imported TO tasks_jobs")
    op.execute(
        f"CREATE POLICY imported_own_rows ON imported TO tasks_app USING {OWN} WITH CHECK {OWN}"
    )
    op.execute(f"CREATE POLICY imported_erase ON imported TO tasks_jobs USING ({OWN})")


def downgrade() -> None:
    op.execute("DROP TABLE imported")

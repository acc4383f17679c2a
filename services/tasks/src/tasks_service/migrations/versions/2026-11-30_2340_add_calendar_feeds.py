"""Add private calendar feeds: one address per user, found by the digest of its token.

The request of a feed names no user. So a second policy shows the row whose digest the transaction
has in `app.calendar_digest`.

Revision ID: 0011
Revises: 0010
"""

from typing import Final

from alembic import op

revision: Final = "0011"
down_revision: Final = "0010"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
    CREATE TABLE calendar_feeds (
        user_id text NOT NULL CONSTRAINT pk_calendar_feeds PRIMARY KEY,
        digest bytea,
        created_at timestamptz NOT NULL
    )
"""
OWN: Final = "user_id = nullif(current_setting('app.user_id', true), '')"
NAMED: Final = "digest = decode(nullif(current_setting('app.calendar_digest', true), ''), 'hex')"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE UNIQUE INDEX ix_calendar_feeds_digest ON calendar_feeds (digest)")
    op.execute("ALTER TABLE calendar_feeds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE calendar_feeds FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON calendar_feeds TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON calendar_feeds TO tasks_jobs")
    op.execute(
        f"CREATE POLICY calendar_feeds_own_rows ON calendar_feeds TO tasks_app"
        f" USING ({OWN}) WITH CHECK ({OWN})"
    )
    op.execute(
        f"CREATE POLICY calendar_feeds_named ON calendar_feeds FOR SELECT TO tasks_app"
        f" USING ({NAMED})"
    )
    op.execute(f"CREATE POLICY calendar_feeds_erase ON calendar_feeds TO tasks_jobs USING ({OWN})")


def downgrade() -> None:
    op.execute("DROP TABLE calendar_feeds")

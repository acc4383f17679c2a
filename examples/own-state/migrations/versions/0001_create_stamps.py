"""Create the table of stamps, one row per pot of tea.

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BOUND_USER = "nullif(current_setting('app.user_id', true), '')"


def upgrade() -> None:
    """Create the table and its row-level security."""
    op.execute("""
        CREATE TABLE stamps (
            user_id text NOT NULL,
            key text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, key))
    """)
    op.execute("ALTER TABLE stamps ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE stamps FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, DELETE ON stamps TO club_app")
    op.execute(
        "CREATE POLICY own_stamps ON stamps TO club_app"
        f" USING (user_id = {BOUND_USER}) WITH CHECK (user_id = {BOUND_USER})"
    )


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE stamps")

"""Add one-time sign-in links.

Revision ID: 0004_sign_in_links
Revises: 0004
"""

from typing import Final

from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Create the table and grant the app role access."""
    op.execute("""
        CREATE TABLE sign_in_links (
            session_id text NOT NULL CONSTRAINT pk_sign_in_links PRIMARY KEY
                CONSTRAINT fk_sign_in_links_session_id REFERENCES sessions (id) ON DELETE CASCADE,
            token_hash bytea NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_sign_in_links_token_hash ON sign_in_links (token_hash)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_links TO auth_app")


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE sign_in_links")

"""Make access tokens without an expiry, or with a later one, expire in 366 days.

New tokens expire. 366 days is the default of AUTH_SESSION_ACCESS_TOKEN_LIFETIME_S; counting
from the upgrade leaves every program a year to change its token.

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
    """Set the expiry of the tokens that are not revoked."""
    op.execute(
        "UPDATE access_tokens SET expires_at = now() + interval '366 days'"
        " WHERE revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > now() + interval '366 days')"
    )


def downgrade() -> None:
    """Keep the expiries: the previous version respects them."""

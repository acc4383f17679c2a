"""Store the text of attached PDFs, and of texts in other encodings than UTF-8.

Revision ID: 0008
Revises: 0007
"""

from typing import Final

from alembic import op

revision: Final = "0008"
down_revision: Final = "0007"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Add the column; the previous version stores and reads files without it."""
    op.execute("ALTER TABLE attachment_contents ADD COLUMN extracted_text text")


def downgrade() -> None:
    """Drop the column; such files then read as UTF-8 with replacement characters."""
    op.execute("ALTER TABLE attachment_contents DROP COLUMN extracted_text")

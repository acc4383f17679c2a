"""Give tasks a parent and a place in their list; lists a colour, an icon, a place and an archive.

Revision ID: 0006
Revises: 0005
"""

from typing import Final

from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None

CHANGES: Final = """
ALTER TABLE tasks
    ADD COLUMN parent_id text,
    ADD COLUMN manual_position text COLLATE "C",
    ADD CONSTRAINT fk_tasks_parent FOREIGN KEY (user_id, parent_id)
        REFERENCES tasks (user_id, id) ON DELETE SET NULL (parent_id);
CREATE INDEX ix_tasks_parent ON tasks (user_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_tasks_position ON tasks (
    user_id, list_id, (COALESCE(manual_position, lpad(number::text, 10, '0') || 'V')));
ALTER TABLE lists
    ADD COLUMN color text,
    ADD COLUMN icon text,
    ADD COLUMN position text COLLATE "C",
    ADD COLUMN archived_at timestamptz;
"""


def upgrade() -> None:
    for statement in filter(str.strip, CHANGES.split(";")):
        op.execute(statement)


def downgrade() -> None:
    op.execute(
        "ALTER TABLE lists DROP COLUMN color, DROP COLUMN icon, DROP COLUMN position,"
        " DROP COLUMN archived_at"
    )
    op.execute("DROP INDEX ix_tasks_position")
    op.execute("ALTER TABLE tasks DROP COLUMN parent_id, DROP COLUMN manual_position")

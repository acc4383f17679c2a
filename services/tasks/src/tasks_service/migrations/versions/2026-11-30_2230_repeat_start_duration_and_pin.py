"""Add repetition, start, duration and pin of a task.

Revision ID: 0005
Revises: 0004
"""

from typing import Final

from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None

COLUMNS: Final = {
    "start_on": "date",
    "start_at": "timestamptz",
    "start_timezone": "text",
    "start_moment": "timestamptz",
    "duration_minutes": "integer",
    "is_pinned": "boolean NOT NULL DEFAULT false",
    "repeat_rule": "text",
    "repeat_from": "text",
    "repeat_until": "date",
    "repeat_count": "integer",
    "series_id": "text",
    "series_values": "jsonb",
    "next_id": "text",
}


def upgrade() -> None:
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in COLUMNS.items())
    op.execute(f"ALTER TABLE tasks {added}")
    op.execute(
        "CREATE INDEX ix_tasks_series ON tasks (user_id, series_id, number)"
        " WHERE series_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_tasks_series")
    dropped = ", ".join(f"DROP COLUMN {name}" for name in COLUMNS)
    op.execute(f"ALTER TABLE tasks {dropped}")

"""Create the sections of lists, and the users' preferences.

Revision ID: 0012
Revises: 0011
"""

from typing import Final

from alembic import op

revision: Final = "0012"
down_revision: Final = "0011"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
CREATE TABLE sections (
    id text NOT NULL CONSTRAINT pk_sections PRIMARY KEY,
    user_id text NOT NULL,
    list_id text NOT NULL,
    name text NOT NULL,
    position text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT fk_sections_list FOREIGN KEY (user_id, list_id) REFERENCES lists (user_id, id),
    CONSTRAINT uq_sections_user_id UNIQUE (user_id, id)
);
CREATE INDEX ix_sections_list ON sections (user_id, list_id);
CREATE INDEX ix_sections_deleted_at ON sections (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE preferences (
    user_id text NOT NULL CONSTRAINT pk_preferences PRIMARY KEY,
    complete_subtasks text NOT NULL
);

ALTER TABLE tasks
    ADD COLUMN section_id text,
    ADD CONSTRAINT fk_tasks_section FOREIGN KEY (user_id, section_id)
        REFERENCES sections (user_id, id);
CREATE INDEX ix_tasks_section ON tasks (user_id, section_id) WHERE section_id IS NOT NULL;
"""

# Rows of any user that the jobs role can delete; of the user that it's bound to, it can all.
PURGEABLE: Final = {"sections": "deleted_at IS NOT NULL", "preferences": "false"}
OWN: Final = "(user_id = nullif(current_setting('app.user_id', true), ''))"


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table, condition in PURGEABLE.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO tasks_app")
        op.execute(f"GRANT SELECT, DELETE ON {table} TO tasks_jobs")
        op.execute(
            f"CREATE POLICY {table}_own_rows ON {table} TO tasks_app USING {OWN} WITH CHECK {OWN}"
        )
        op.execute(
            f"CREATE POLICY {table}_purge ON {table} TO tasks_jobs USING ({condition} OR {OWN})"
        )


def downgrade() -> None:
    op.execute("ALTER TABLE tasks DROP COLUMN section_id")
    for table in PURGEABLE:
        op.execute(f"DROP TABLE {table}")

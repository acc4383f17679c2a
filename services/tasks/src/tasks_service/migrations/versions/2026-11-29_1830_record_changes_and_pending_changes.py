"""Record every change with the state before and after it, and changes that await a confirmation.

Revision ID: 0003
Revises: 0002
"""

from typing import Final

from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
CREATE TABLE task_changes (
    user_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    type text NOT NULL,
    entity_id text NOT NULL,
    actor text NOT NULL,
    run_id text,
    scope_id text,
    group_id text,
    before jsonb,
    after jsonb NOT NULL,
    undoes bigint,
    is_confirmed boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT pk_task_changes PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX ix_task_changes_undoes ON task_changes (user_id, undoes)
    WHERE undoes IS NOT NULL;
CREATE INDEX ix_task_changes_group ON task_changes (user_id, group_id, id)
    WHERE group_id IS NOT NULL;
CREATE INDEX ix_task_changes_scope ON task_changes (user_id, scope_id, id)
    WHERE scope_id IS NOT NULL;
CREATE INDEX ix_task_changes_occurred_at ON task_changes (occurred_at);

CREATE TABLE pending_changes (
    user_id text NOT NULL,
    id text NOT NULL,
    scope_id text,
    group_id text NOT NULL,
    revision integer NOT NULL,
    operations jsonb NOT NULL,
    decision text,
    result jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT pk_pending_changes PRIMARY KEY (user_id, id)
);
CREATE INDEX ix_pending_changes_group ON pending_changes (user_id, group_id);
CREATE INDEX ix_pending_changes_expires_at ON pending_changes (expires_at);
"""

APP_RIGHTS: Final = {
    "task_changes": "SELECT, INSERT",
    "pending_changes": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table, rights in APP_RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT {rights} ON {table} TO tasks_app")
        op.execute(f"GRANT SELECT, DELETE ON {table} TO tasks_jobs")
        op.execute(
            f"CREATE POLICY {table}_own_rows ON {table} TO tasks_app"
            " USING (user_id = nullif(current_setting('app.user_id', true), ''))"
            " WITH CHECK (user_id = nullif(current_setting('app.user_id', true), ''))"
        )
        # Also covers the erasure of a user, which the same role runs.
        op.execute(f"CREATE POLICY {table}_purge ON {table} TO tasks_jobs USING (true)")


def downgrade() -> None:
    for table in APP_RIGHTS:
        op.execute(f"DROP TABLE {table}")

"""Create tasks, lists, the outbox, idempotency keys and run attempts, under row-level security.

Revision ID: 0001
Revises:
"""

from typing import Final

from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
CREATE TABLE user_counters (
    user_id text NOT NULL CONSTRAINT pk_user_counters PRIMARY KEY,
    last_number integer NOT NULL DEFAULT 0,
    last_event_seq bigint NOT NULL DEFAULT 0
);

CREATE TABLE lists (
    id text NOT NULL CONSTRAINT pk_lists PRIMARY KEY,
    user_id text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT uq_lists_user_id UNIQUE (user_id, id)
);
CREATE UNIQUE INDEX ix_lists_name_key ON lists (user_id, name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX ix_lists_default ON lists (user_id) WHERE is_default;
CREATE INDEX ix_lists_deleted_at ON lists (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE tasks (
    id text NOT NULL CONSTRAINT pk_tasks PRIMARY KEY,
    user_id text NOT NULL,
    number integer NOT NULL,
    list_id text NOT NULL,
    title text NOT NULL,
    title_key text COLLATE "C" NOT NULL,
    notes text NOT NULL,
    search_key text NOT NULL,
    priority smallint NOT NULL,
    tags text[] NOT NULL,
    tag_keys text[] NOT NULL,
    due_on date,
    due_at timestamptz,
    due_timezone text,
    due_deadline timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT fk_tasks_list FOREIGN KEY (user_id, list_id) REFERENCES lists (user_id, id),
    CONSTRAINT uq_tasks_number UNIQUE (user_id, number),
    CONSTRAINT uq_tasks_user_id UNIQUE (user_id, id),
    CONSTRAINT ck_tasks_priority CHECK (priority BETWEEN 0 AND 3),
    CONSTRAINT ck_tasks_due_deadline CHECK ((due_on IS NULL) = (due_deadline IS NULL)),
    CONSTRAINT ck_tasks_due_at CHECK (due_at IS NULL OR due_timezone IS NOT NULL)
);
CREATE INDEX ix_tasks_list ON tasks (user_id, list_id);
CREATE INDEX ix_tasks_open ON tasks (user_id, list_id)
    WHERE deleted_at IS NULL AND completed_at IS NULL;
CREATE INDEX ix_tasks_due ON tasks (user_id, due_deadline)
    WHERE deleted_at IS NULL AND completed_at IS NULL;
CREATE INDEX ix_tasks_deleted_at ON tasks (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE task_events (
    user_id text NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    task_id text,
    list_id text,
    actor text NOT NULL,
    run_id text,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT pk_task_events PRIMARY KEY (user_id, seq)
);
CREATE INDEX ix_task_events_occurred_at ON task_events (occurred_at);

CREATE TABLE idempotency_keys (
    user_id text NOT NULL,
    method text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, method, route, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE run_attempts (
    user_id text NOT NULL,
    run_id text NOT NULL,
    attempt integer NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT pk_run_attempts PRIMARY KEY (user_id, run_id)
);
CREATE INDEX ix_run_attempts_seen_at ON run_attempts (seen_at);
"""

# Rights of the app role. It never deletes; only the jobs role, which purges, does.
APP_RIGHTS: Final = {
    "user_counters": "SELECT, INSERT, UPDATE",
    "lists": "SELECT, INSERT, UPDATE",
    "tasks": "SELECT, INSERT, UPDATE",
    "task_events": "SELECT, INSERT",
    "idempotency_keys": "SELECT, INSERT",
    "run_attempts": "SELECT, INSERT, UPDATE",
}

# Rows of any user that the purge can read and delete.
PURGEABLE: Final = {
    "lists": "deleted_at IS NOT NULL",
    "tasks": "deleted_at IS NOT NULL",
    "task_events": "true",
    "idempotency_keys": "true",
    "run_attempts": "true",
}


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    op.execute("GRANT USAGE ON SCHEMA public TO tasks_app, tasks_jobs")
    for table, rights in APP_RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT {rights} ON {table} TO tasks_app")
        op.execute(
            f"CREATE POLICY {table}_own_rows ON {table} TO tasks_app"
            " USING (user_id = nullif(current_setting('app.user_id', true), ''))"
            " WITH CHECK (user_id = nullif(current_setting('app.user_id', true), ''))"
        )
    for table, condition in PURGEABLE.items():
        op.execute(f"GRANT SELECT, DELETE ON {table} TO tasks_jobs")
        op.execute(f"CREATE POLICY {table}_purge ON {table} TO tasks_jobs USING ({condition})")


def downgrade() -> None:
    for table in ("tasks", "lists", *(name for name in APP_RIGHTS if name not in PURGEABLE)):
        op.execute(f"DROP TABLE {table}")
    for table in ("task_events", "idempotency_keys", "run_attempts"):
        op.execute(f"DROP TABLE {table}")

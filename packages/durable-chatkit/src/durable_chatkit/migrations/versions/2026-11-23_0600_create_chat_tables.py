"""Create threads, items, attachments, feedback, runs and their journal.

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
CREATE TABLE owners (
    user_id text NOT NULL CONSTRAINT pk_owners PRIMARY KEY,
    last_conversation_id integer NOT NULL
);

CREATE TABLE threads (
    id text NOT NULL CONSTRAINT pk_threads PRIMARY KEY,
    user_id text NOT NULL,
    conversation_id integer NOT NULL,
    title text,
    status jsonb NOT NULL,
    metadata jsonb NOT NULL,
    allowed_image_domains jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_threads_user_id_conversation_id UNIQUE (user_id, conversation_id),
    CONSTRAINT uq_threads_user_id_id UNIQUE (user_id, id)
);
CREATE INDEX ix_threads_user_id_created_at_id ON threads (user_id, created_at, id);

CREATE TABLE items (
    thread_id text NOT NULL,
    id text NOT NULL,
    user_id text NOT NULL,
    run_id text,
    type text NOT NULL,
    hidden boolean NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_items PRIMARY KEY (thread_id, id),
    CONSTRAINT fk_items_user_id_thread_id FOREIGN KEY (user_id, thread_id)
        REFERENCES threads (user_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_items_thread_id_created_at_id ON items (thread_id, created_at, id);

CREATE TABLE attachments (
    user_id text NOT NULL,
    id text NOT NULL,
    thread_id text,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_attachments PRIMARY KEY (user_id, id),
    CONSTRAINT fk_attachments_user_id_thread_id FOREIGN KEY (user_id, thread_id)
        REFERENCES threads (user_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ix_attachments_thread_id ON attachments (thread_id);

CREATE TABLE feedback (
    thread_id text NOT NULL,
    item_id text NOT NULL,
    user_id text NOT NULL,
    kind text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_feedback PRIMARY KEY (thread_id, item_id),
    CONSTRAINT fk_feedback_thread_id_item_id FOREIGN KEY (thread_id, item_id)
        REFERENCES items (thread_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_feedback_kind CHECK (kind IN ('positive', 'negative'))
);

CREATE TABLE runs (
    run_id text NOT NULL CONSTRAINT pk_runs PRIMARY KEY,
    user_id text NOT NULL,
    thread_id text NOT NULL,
    conversation_id integer NOT NULL,
    kind text NOT NULL,
    request_type text NOT NULL,
    request bytea NOT NULL,
    simple_form boolean NOT NULL,
    turn jsonb NOT NULL,
    user_message_id text,
    idempotency_key text,
    body_hash text NOT NULL,
    timezone text NOT NULL,
    locale text NOT NULL,
    traceparent text,
    status text NOT NULL DEFAULT 'queued',
    attempt integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    worker_id text,
    lease_until timestamptz,
    cancel_requested_at timestamptz,
    cancel_reason text,
    seq_high integer NOT NULL DEFAULT 0,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT ck_runs_kind CHECK (kind IN ('agent', 'action')),
    CONSTRAINT ck_runs_status
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX uq_runs_thread_id_active_agent ON runs (thread_id)
    WHERE kind = 'agent' AND status IN ('queued', 'running');
CREATE UNIQUE INDEX uq_runs_user_id_idempotency_key ON runs (user_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX ix_runs_user_id_active ON runs (user_id) WHERE status IN ('queued', 'running');
CREATE INDEX ix_runs_created_at_open ON runs (created_at) WHERE closed_at IS NULL;
CREATE INDEX ix_runs_closed_at ON runs (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX ix_runs_thread_id_created_at ON runs (thread_id, created_at);

CREATE TABLE run_steps (
    run_id text NOT NULL,
    key text NOT NULL,
    user_id text NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_run_steps PRIMARY KEY (run_id, key),
    CONSTRAINT fk_run_steps_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
"""

# Commands that the role of requests may use; a policy per table restricts them to one user.
APP_GRANTS: Final = {
    "owners": "SELECT, INSERT, UPDATE",
    "threads": "SELECT, INSERT, UPDATE, DELETE",
    "items": "SELECT, INSERT, UPDATE, DELETE",
    "attachments": "SELECT, INSERT, UPDATE, DELETE",
    "feedback": "SELECT, INSERT, UPDATE, DELETE",
    "runs": "SELECT, INSERT, UPDATE",
    "run_steps": "SELECT, DELETE",
}
BOUND_USER: Final = "nullif(current_setting('app.user_id', true), '')"

# Workers' access to rows of all users, one named policy each. Threads and items are invisible to
# them unless they bind a user as chat_app.
JOBS: Final = """
GRANT SELECT, UPDATE, DELETE ON runs TO chat_jobs;
CREATE POLICY jobs_read_runs ON runs FOR SELECT TO chat_jobs USING (true);
CREATE POLICY jobs_claim_runs ON runs FOR UPDATE TO chat_jobs USING (true);
CREATE POLICY jobs_purge_runs ON runs FOR DELETE TO chat_jobs USING (closed_at IS NOT NULL);
GRANT SELECT, INSERT, DELETE ON run_steps TO chat_jobs;
CREATE POLICY jobs_read_journal ON run_steps FOR SELECT TO chat_jobs USING (true);
CREATE POLICY jobs_write_journal ON run_steps FOR INSERT TO chat_jobs WITH CHECK (true);
CREATE POLICY jobs_purge_journal ON run_steps FOR DELETE TO chat_jobs USING (true);
"""


def upgrade() -> None:
    """Create the tables, their row-level security and the roles' privileges."""
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table, commands in APP_GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT {commands} ON {table} TO chat_app")
        op.execute(
            f"CREATE POLICY own_{table} ON {table} TO chat_app"
            f" USING (user_id = {BOUND_USER}) WITH CHECK (user_id = {BOUND_USER})"
        )
    for statement in filter(str.strip, JOBS.split(";")):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    for table in ("run_steps", "runs", "feedback", "attachments", "items", "threads", "owners"):
        op.execute(f"DROP TABLE {table}")

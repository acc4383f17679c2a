"""Add the delivery of reminders: devices with Web Push, e-mail, and the outbox of both.

A device is found by its endpoint when another user signs in on it. So a second policy shows the
row whose digest the transaction has in `app.push_endpoint`: the endpoint is known to its device alone.

Revision ID: 0014
Revises: 0013
"""

from typing import Final

from alembic import op

revision: Final = "0014"
down_revision: Final = "0013"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
CREATE TABLE push_devices (
    user_id text NOT NULL,
    id text NOT NULL,
    endpoint text NOT NULL,
    endpoint_digest bytea NOT NULL,
    public_key text NOT NULL,
    auth_secret text NOT NULL,
    name text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_push_devices PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX ix_push_devices_endpoint ON push_devices (endpoint_digest);

CREATE TABLE reminder_emails (
    user_id text NOT NULL CONSTRAINT pk_reminder_emails PRIMARY KEY,
    is_on boolean NOT NULL,
    confirmed_digest bytea,
    pending_digest bytea,
    code_digest bytea,
    code_expires_at timestamptz,
    tries_left smallint NOT NULL DEFAULT 0
);

CREATE TABLE reminder_deliveries (
    user_id text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    reminder_id text NOT NULL,
    task_id text NOT NULL,
    fires_at timestamptz NOT NULL,
    channel text NOT NULL,
    target text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    CONSTRAINT pk_reminder_deliveries PRIMARY KEY (user_id, id),
    CONSTRAINT fk_reminder_deliveries_task FOREIGN KEY (user_id, task_id)
        REFERENCES tasks (user_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_reminder_deliveries_once
    ON reminder_deliveries (user_id, reminder_id, fires_at, channel, target);
CREATE INDEX ix_reminder_deliveries_task ON reminder_deliveries (user_id, task_id);
CREATE INDEX ix_reminder_deliveries_next ON reminder_deliveries (channel, next_at);

CREATE TABLE web_push_keys (
    id smallint NOT NULL CONSTRAINT pk_web_push_keys PRIMARY KEY,
    private_key text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ck_web_push_keys_one CHECK (id = 1)
);
"""

OWN: Final = "(user_id = nullif(current_setting('app.user_id', true), ''))"
NAMED: Final = (
    "endpoint_digest = decode(nullif(current_setting('app.push_endpoint', true), ''), 'hex')"
)
# Rows of any user that the jobs role sees; of the user that it's bound to, it sees all.
SEEN_BY_JOBS: Final = {
    "push_devices": "false",
    "reminder_emails": "false",
    "reminder_deliveries": "true",
}


def upgrade() -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        op.execute(statement)
    for table, condition in SEEN_BY_JOBS.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO tasks_app")
        op.execute(f"GRANT SELECT, DELETE ON {table} TO tasks_jobs")
        op.execute(
            f"CREATE POLICY {table}_own_rows ON {table} TO tasks_app USING {OWN} WITH CHECK {OWN}"
        )
        op.execute(
            f"CREATE POLICY {table}_jobs ON {table} TO tasks_jobs USING ({condition} OR {OWN})"
        )
    op.execute("GRANT UPDATE ON reminder_deliveries TO tasks_jobs")
    op.execute(
        f"CREATE POLICY push_devices_named ON push_devices FOR SELECT TO tasks_app USING ({NAMED})"
    )
    op.execute(
        "CREATE POLICY push_devices_taken_over ON push_devices FOR DELETE TO tasks_app"
        f" USING ({NAMED})"
    )
    # No user's rows, and nothing for requests: only the jobs sign messages.
    op.execute("GRANT SELECT, INSERT ON web_push_keys TO tasks_jobs")
    op.execute(
        "CREATE POLICY web_push_keys_jobs ON web_push_keys TO tasks_jobs USING (true) WITH CHECK (true)"
    )
    for table in (*SEEN_BY_JOBS, "web_push_keys"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table in ("web_push_keys", "reminder_deliveries", "reminder_emails", "push_devices"):
        op.execute(f"DROP TABLE {table}")

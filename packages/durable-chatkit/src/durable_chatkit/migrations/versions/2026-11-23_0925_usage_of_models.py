"""Store the usage of models, by run and by day.

Revision ID: 0003
Revises: 0002
"""

from typing import Final

from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None

BOUND_USER: Final = "nullif(current_setting('app.user_id', true), '')"

# No foreign key: usage is kept longer than the run. usage_days has no user, so it stays when an
# account is erased.
UPGRADE: Final = f"""
CREATE TABLE run_usage (
    run_id text NOT NULL,
    key text NOT NULL,
    user_id text NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros bigint,
    is_estimated boolean NOT NULL,
    CONSTRAINT pk_run_usage PRIMARY KEY (run_id, key)
);
CREATE INDEX ix_run_usage_user_id_day ON run_usage (user_id, day);
CREATE INDEX ix_run_usage_day ON run_usage (day);
ALTER TABLE run_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_usage FORCE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON run_usage TO chat_app;
CREATE POLICY own_run_usage ON run_usage TO chat_app
    USING (user_id = {BOUND_USER}) WITH CHECK (user_id = {BOUND_USER});
GRANT SELECT, INSERT, DELETE ON run_usage TO chat_jobs;
CREATE POLICY jobs_read_usage ON run_usage FOR SELECT TO chat_jobs USING (true);
CREATE POLICY jobs_write_usage ON run_usage FOR INSERT TO chat_jobs WITH CHECK (true);
CREATE POLICY jobs_purge_usage ON run_usage FOR DELETE TO chat_jobs USING (true);

CREATE TABLE usage_days (
    day date NOT NULL,
    model text NOT NULL,
    answers bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros bigint NOT NULL,
    CONSTRAINT pk_usage_days PRIMARY KEY (day, model)
);
GRANT SELECT ON usage_days TO chat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_days TO chat_jobs
"""


def upgrade() -> None:
    """Create the tables and the roles' privileges."""
    for statement in UPGRADE.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE usage_days")
    op.execute("DROP TABLE run_usage")

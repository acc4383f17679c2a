"""Add personal access tokens, disabled accounts, and the outbox of account erasures.

Revision ID: 0002
Revises: 0001
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
ALTER TABLE users ADD COLUMN disabled_at timestamptz;

CREATE TABLE access_tokens (
    id text NOT NULL CONSTRAINT pk_access_tokens PRIMARY KEY,
    user_id text NOT NULL
        CONSTRAINT fk_access_tokens_user_id REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at timestamptz,
    tokens_until timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX uq_access_tokens_token_hash ON access_tokens (token_hash);
CREATE INDEX ix_access_tokens_user_id ON access_tokens (user_id);
CREATE INDEX ix_access_tokens_revoked_tokens_until ON access_tokens (tokens_until)
    WHERE revoked_at IS NOT NULL;

CREATE TABLE erased_sids (
    sid text NOT NULL CONSTRAINT pk_erased_sids PRIMARY KEY,
    tokens_until timestamptz NOT NULL
);
CREATE INDEX ix_erased_sids_tokens_until ON erased_sids (tokens_until);

CREATE TABLE erasures (
    user_id text NOT NULL CONSTRAINT pk_erasures PRIMARY KEY,
    requested_at timestamptz NOT NULL,
    published_at timestamptz,
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL
);
CREATE INDEX ix_erasures_next_attempt_at ON erasures (next_attempt_at);
"""

# Erasing an account deletes its row; foreign keys cascade to the rows that refer to it.
GRANTS: Final = """
GRANT DELETE ON users TO auth_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_tokens, erased_sids, erasures TO auth_app;
"""


def upgrade() -> None:
    """Create the tables and grant the app role access."""
    for script in (TABLES, GRANTS):
        for statement in script.split(";"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    """Drop the tables and columns."""
    op.execute("REVOKE DELETE ON users FROM auth_app")
    op.execute("DROP TABLE access_tokens, erased_sids, erasures")
    op.execute("ALTER TABLE users DROP COLUMN disabled_at")

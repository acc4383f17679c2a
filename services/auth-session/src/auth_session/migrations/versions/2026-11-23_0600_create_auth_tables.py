"""Create users, sessions, refresh tokens, failed sign-ins, invitations and signing keys.

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
CREATE TABLE users (
    id text NOT NULL CONSTRAINT pk_users PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    email text,
    email_key text,
    name text,
    timezone text,
    locale text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_users_issuer_subject UNIQUE (issuer, subject)
);
CREATE UNIQUE INDEX uq_users_local_email_key ON users (email_key) WHERE issuer = 'local';

CREATE TABLE passwords (
    user_id text NOT NULL CONSTRAINT pk_passwords PRIMARY KEY
        CONSTRAINT fk_passwords_user_id REFERENCES users (id) ON DELETE CASCADE,
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE invitations (
    code_hash bytea NOT NULL CONSTRAINT pk_invitations PRIMARY KEY,
    email_key text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    used_by text CONSTRAINT fk_invitations_used_by REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE sessions (
    id text NOT NULL CONSTRAINT pk_sessions PRIMARY KEY,
    user_id text NOT NULL
        CONSTRAINT fk_sessions_user_id REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tokens_until timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_sessions_revoked_tokens_until ON sessions (tokens_until)
    WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL CONSTRAINT pk_refresh_tokens PRIMARY KEY,
    session_id text NOT NULL
        CONSTRAINT fk_refresh_tokens_session_id REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz
);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at);

CREATE TABLE sign_in_failures (
    account_key bytea NOT NULL,
    address text NOT NULL,
    failures integer NOT NULL,
    window_began_at timestamptz NOT NULL,
    blocked_until timestamptz,
    last_failed_at timestamptz NOT NULL,
    CONSTRAINT pk_sign_in_failures PRIMARY KEY (account_key, address)
);
CREATE INDEX ix_sign_in_failures_last_failed_at ON sign_in_failures (last_failed_at);

CREATE TABLE signing_keys (
    kid text NOT NULL CONSTRAINT pk_signing_keys PRIMARY KEY,
    state text NOT NULL
        CONSTRAINT ck_signing_keys_state CHECK (state IN ('next', 'current', 'retired')),
    private_key bytea NOT NULL,
    public_jwk jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
CREATE UNIQUE INDEX uq_signing_keys_live_state ON signing_keys (state)
    WHERE state IN ('next', 'current');
"""

# The app role only changes rows, and can't delete rows that the service never deletes.
GRANTS: Final = """
GRANT SELECT, INSERT, UPDATE ON users, passwords, signing_keys TO auth_app;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON invitations, sessions, refresh_tokens, sign_in_failures TO auth_app;
"""


def upgrade() -> None:
    """Create the tables and grant the app role access."""
    for script in (TABLES, GRANTS):
        for statement in script.split(";"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE signing_keys, sign_in_failures, refresh_tokens, sessions, invitations,"
        " passwords, users"
    )

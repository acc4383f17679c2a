"""Store the content of attachments, a search index of messages, and hashes of erased accounts.

Revision ID: 0002
Revises: 0001
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None

BOUND_USER: Final = "nullif(current_setting('app.user_id', true), '')"
BOUND_ACCOUNT: Final = f"encode(sha256(convert_to({BOUND_USER}, 'UTF8')), 'hex')"

ATTACHMENTS: Final = (
    """
    ALTER TABLE attachments
        ADD COLUMN size_bytes integer NOT NULL DEFAULT 0,
        ADD COLUMN uploaded_at timestamptz
    """,
    (
        "CREATE INDEX ix_attachments_created_at_unattached ON attachments (created_at)"
        " WHERE thread_id IS NULL"
    ),
    """
    CREATE TABLE attachment_contents (
        user_id text NOT NULL,
        id text NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT pk_attachment_contents PRIMARY KEY (user_id, id),
        CONSTRAINT fk_attachment_contents_user_id_id FOREIGN KEY (user_id, id)
            REFERENCES attachments (user_id, id) ON DELETE CASCADE
    )
    """,
    # Images are already compressed; compressing them again would only cost time.
    "ALTER TABLE attachment_contents ALTER COLUMN content SET STORAGE EXTERNAL",
    "ALTER TABLE attachment_contents ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE attachment_contents FORCE ROW LEVEL SECURITY",
    "GRANT SELECT, INSERT, DELETE ON attachment_contents TO chat_app",
    (
        "CREATE POLICY own_attachment_contents ON attachment_contents TO chat_app"
        f" USING (user_id = {BOUND_USER}) WITH CHECK (user_id = {BOUND_USER})"
    ),
    # Jobs see whether an attachment belongs to a thread, but not its name.
    "GRANT SELECT (user_id, id, thread_id, created_at), DELETE ON attachments TO chat_jobs",
    (
        "CREATE POLICY jobs_read_unattached ON attachments FOR SELECT TO chat_jobs"
        " USING (thread_id IS NULL)"
    ),
    (
        "CREATE POLICY jobs_purge_unattached ON attachments FOR DELETE TO chat_jobs"
        " USING (thread_id IS NULL)"
    ),
)

# A GIN index on `said` would never be used: row-level security must filter first, and `@@` isn't
# leakproof. So the tsvector is stored, and the index orders one user's messages by time.
SEARCH: Final = (
    """
    CREATE FUNCTION said_text(payload jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT left(string_agg(part #>> '{}', ' '), 100000)
              FROM jsonb_path_query(payload, '$.content[*].text') AS part)
    """,
    """
    ALTER TABLE items ADD COLUMN said tsvector GENERATED ALWAYS AS (
        CASE WHEN NOT hidden AND type IN ('user_message', 'assistant_message')
             THEN to_tsvector('simple', coalesce(said_text(payload), '')) END) STORED
    """,
    (
        "CREATE INDEX ix_items_user_id_created_at_id_said ON items (user_id, created_at, id)"
        " WHERE said IS NOT NULL"
    ),
)

# A hash of the erased account, so that a concurrent request can't insert new rows for it.
ERASURE: Final = (
    """
    CREATE TABLE erasures (
        account text NOT NULL CONSTRAINT pk_erasures PRIMARY KEY,
        began_at timestamptz NOT NULL DEFAULT now(),
        erased_at timestamptz
    )
    """,
    "ALTER TABLE erasures ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE erasures FORCE ROW LEVEL SECURITY",
    "GRANT SELECT, INSERT, UPDATE ON erasures TO chat_app",
    (
        "CREATE POLICY own_erasures ON erasures TO chat_app"
        f" USING (account = {BOUND_ACCOUNT}) WITH CHECK (account = {BOUND_ACCOUNT})"
    ),
    "GRANT SELECT, DELETE ON erasures TO chat_jobs",
    "CREATE POLICY jobs_read_erasures ON erasures FOR SELECT TO chat_jobs USING (true)",
    (
        "CREATE POLICY jobs_purge_erasures ON erasures FOR DELETE TO chat_jobs"
        " USING (erased_at IS NOT NULL)"
    ),
    "GRANT DELETE ON owners, runs TO chat_app",
)


def upgrade() -> None:
    """Add columns and tables; nothing that the previous version uses changes."""
    for statement in (*ATTACHMENTS, *SEARCH, *ERASURE):
        op.execute(statement)


def downgrade() -> None:
    """Drop the added columns and tables, files included."""
    op.execute("REVOKE DELETE ON owners, runs FROM chat_app")
    op.execute("DROP TABLE erasures")
    op.execute("ALTER TABLE items DROP COLUMN said")
    op.execute("DROP FUNCTION said_text(jsonb)")
    op.execute("DROP TABLE attachment_contents")
    op.execute("DROP POLICY jobs_purge_unattached ON attachments")
    op.execute("DROP POLICY jobs_read_unattached ON attachments")
    op.execute("REVOKE ALL ON attachments FROM chat_jobs")
    op.execute("DROP INDEX ix_attachments_created_at_unattached")
    op.execute("ALTER TABLE attachments DROP COLUMN uploaded_at, DROP COLUMN size_bytes")

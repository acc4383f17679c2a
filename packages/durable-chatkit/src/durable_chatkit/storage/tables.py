"""The tables of database `chat`, as the migrations create them.

They serve Alembic's comparison. Statements are SQL beside the methods that execute them, since an
ORM would hide the parts that matter: fences, SKIP LOCKED, one round trip.
"""

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MOMENT: Final = TIMESTAMP(timezone=True)
IS_ACTIVE: Final = "status IN ('queued', 'running')"
SAID: Final = (
    "CASE WHEN NOT hidden AND type IN ('user_message', 'assistant_message')"
    " THEN to_tsvector('simple', coalesce(said_text(payload), '')) END"
)

# One row per user: the counter of conversations, and the lock under which the user's requests are
# accepted one after the other.
OWNERS: Final = Table(
    "owners",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("last_conversation_id", Integer, nullable=False),
)

THREADS: Final = Table(
    "threads",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("conversation_id", Integer, nullable=False),
    Column("title", Text),
    Column("status", JSONB, nullable=False),
    Column("metadata", JSONB, nullable=False),
    Column("allowed_image_domains", JSONB),
    Column("created_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Column("agent", Text, nullable=False, server_default=text("'default'")),
    UniqueConstraint("user_id", "conversation_id"),
    # Target of the foreign keys of items and attachments: they can't reference other users' threads.
    UniqueConstraint("user_id", "id"),
    Index("ix_threads_user_id_created_at_id", "user_id", "created_at", "id"),
)

ITEMS: Final = Table(
    "items",
    METADATA,
    Column("thread_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("run_id", Text),
    Column("type", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    # The search index of a visible message; NULL for all other items.
    Column("said", TSVECTOR, Computed(SAID, persisted=True)),
    ForeignKeyConstraint(
        ["user_id", "thread_id"], ["threads.user_id", "threads.id"], ondelete="CASCADE"
    ),
    Index("ix_items_thread_id_created_at_id", "thread_id", "created_at", "id"),
    Index(
        "ix_items_user_id_created_at_id_said",
        "user_id",
        "created_at",
        "id",
        postgresql_where=text("said IS NOT NULL"),
    ),
)

ATTACHMENTS: Final = Table(
    "attachments",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("thread_id", Text),
    Column("payload", JSONB, nullable=False),
    # The declared size, until the content is uploaded.
    Column("size_bytes", Integer, nullable=False, server_default=text("0")),
    Column("uploaded_at", MOMENT),
    Column("created_at", MOMENT, nullable=False, server_default=text("now()")),
    # Deferred: acceptance binds them to a thread before it inserts the thread.
    ForeignKeyConstraint(
        ["user_id", "thread_id"],
        ["threads.user_id", "threads.id"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    ),
    Index("ix_attachments_thread_id", "thread_id"),
    Index(
        "ix_attachments_created_at_unattached",
        "created_at",
        postgresql_where=text("thread_id IS NULL"),
    ),
)

# Separate from the metadata of attachments, which is read far more often.
ATTACHMENT_CONTENTS: Final = Table(
    "attachment_contents",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("extracted_text", Text),  # of PDFs, and of texts in other encodings than UTF-8
    ForeignKeyConstraint(
        ["user_id", "id"], ["attachments.user_id", "attachments.id"], ondelete="CASCADE"
    ),
)

# Accounts that are being erased or were erased recently: `account` is the SHA-256 of the user ID.
ERASURES: Final = Table(
    "erasures",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("began_at", MOMENT, nullable=False, server_default=text("now()")),
    Column("erased_at", MOMENT),
)

FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("thread_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("updated_at", MOMENT, nullable=False, server_default=text("now()")),
    ForeignKeyConstraint(
        ["thread_id", "item_id"], ["items.thread_id", "items.id"], ondelete="CASCADE"
    ),
    CheckConstraint("kind IN ('positive', 'negative')", name="kind"),
)

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    # No foreign key: a run outlives its thread until its worker has noticed the deletion.
    Column("thread_id", Text, nullable=False),
    Column("conversation_id", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request_type", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("simple_form", Boolean, nullable=False),
    Column("turn", JSONB, nullable=False),
    Column("user_message_id", Text),
    Column("idempotency_key", Text),
    Column("body_hash", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("traceparent", Text),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("agent", Text, nullable=False, server_default=text("'default'")),
    Column("status", Text, nullable=False, server_default=text("'queued'")),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("worker_id", Text),
    Column("lease_until", MOMENT),
    Column("cancel_requested_at", MOMENT),
    Column("cancel_reason", Text),
    Column("seq_high", Integer, nullable=False, server_default=text("0")),
    Column("log_bytes", BigInteger, nullable=False, server_default=text("0")),
    # True while the log of a closed run is in Redis, unless it has expired there.
    Column("has_log", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Column("created_at", MOMENT, nullable=False, server_default=text("now()")),
    Column("started_at", MOMENT),
    Column("ended_at", MOMENT),
    Column("closed_at", MOMENT),
    CheckConstraint("kind IN ('agent', 'action')", name="kind"),
    CheckConstraint(
        "status IN ('queued', 'running', 'completed', 'failed', 'cancelled')", name="status"
    ),
    Index(
        "uq_runs_thread_id_active_agent",
        "thread_id",
        unique=True,
        postgresql_where=text(f"kind = 'agent' AND {IS_ACTIVE}"),
    ),
    Index(
        "uq_runs_user_id_idempotency_key",
        "user_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("ix_runs_user_id_active", "user_id", postgresql_where=text(IS_ACTIVE)),
    Index("ix_runs_created_at_open", "created_at", postgresql_where=text("closed_at IS NULL")),
    Index("ix_runs_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    Index("ix_runs_thread_id_created_at", "thread_id", "created_at"),
    Index(
        "ix_runs_user_id_closed_at_log",
        "user_id",
        "closed_at",
        postgresql_where=text("has_log"),
    ),
    # Leases are renewed every 2 s: free space in pages keeps those updates out of the indexes (HOT).
    postgresql_with={"fillfactor": 70},
)

RUN_STEPS: Final = Table(
    "run_steps",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", MOMENT, nullable=False, server_default=text("now()")),
)

# One row per finished model call; no foreign key, since it is kept longer than its run.
RUN_USAGE: Final = Table(
    "run_usage",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("model", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger),
    Column("is_estimated", Boolean, nullable=False),
    Index("ix_run_usage_user_id_day", "user_id", "day"),
    Index("ix_run_usage_day", "day"),
)

# Totals of all users, which stay when an account is erased.
USAGE_DAYS: Final = Table(
    "usage_days",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("answers", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
)

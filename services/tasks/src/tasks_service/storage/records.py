"""The tables, one class each; `migrations/` creates them, all with row-level security.

Keys and indexes start with `user_id`, so every query reads a range of one user's rows. Planned
extensions fit in: reminders as a separate table that refers to `(user_id, id)` of tasks, history as
an archive of what `task_changes` drops after its retention.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, TSVECTOR, array
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, query_expression

_LIVE = text("deleted_at IS NULL")
_OPEN = text("deleted_at IS NULL AND completed_at IS NULL")
_COMPLETED = text("deleted_at IS NULL AND completed_at IS NOT NULL")
_DELETED = text("deleted_at IS NOT NULL")
_TIME = TIMESTAMP(timezone=True)

# A task's place in the manual order of its list: as `default_position` until it is moved.
POSITION_SQL: Final = "COALESCE(manual_position, lpad(number::text, 10, '0') || 'V')"

# A title can be longer than an entry of an index. The order by it is that by whole titles.
TITLE_START_SQL: Final = "left(title_key, 64)"


class TasksBase(DeclarativeBase):
    """Base class of the tables, with the naming convention of unnamed constraints."""

    metadata = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
    )


class SharedBase(DeclarativeBase):
    """Base class of tables that belong to no user; only the role `tasks_jobs` has access."""

    metadata = MetaData(naming_convention=TasksBase.metadata.naming_convention)


class CounterRecord(TasksBase):
    """One row per user. Every change locks it, which serializes a user's changes.

    This makes `last_number` and `last_event_seq` gapless in commit order: a reader of the outbox
    that has seen seq N never finds a smaller one later.
    """

    __tablename__ = "user_counters"

    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    last_number: Mapped[int] = mapped_column(server_default=text("0"))
    last_event_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # Tasks up to this number are in `task_search`; later ones too if they were written since.
    indexed_number: Mapped[int | None]
    # False after a large undo, and for tasks from before `tag_counts`, until the tags are counted.
    has_tag_counts: Mapped[bool] = mapped_column(server_default=text("true"))


class ListRecord(TasksBase):
    """A list; a deleted list is kept until its last deleted task is purged.

    `position` is null until the user reorders the lists.
    """

    __tablename__ = "lists"
    __table_args__ = (
        UniqueConstraint("user_id", "id", name="uq_lists_user_id"),
        Index("ix_lists_name_key", "user_id", "name_key", unique=True, postgresql_where=_LIVE),
        Index("ix_lists_default", "user_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_lists_deleted_at", "deleted_at", postgresql_where=_DELETED),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool]
    color: Mapped[str | None] = mapped_column(Text)
    icon: Mapped[str | None] = mapped_column(Text)
    position: Mapped[str | None] = mapped_column(Text(collation="C"))
    archived_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    updated_at: Mapped[dt.datetime] = mapped_column(_TIME)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class SectionRecord(TasksBase):
    """A section of a list; a deleted section is kept until its last deleted task is purged."""

    __tablename__ = "sections"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "list_id"], ["lists.user_id", "lists.id"], name="fk_sections_list"
        ),
        UniqueConstraint("user_id", "id", name="uq_sections_user_id"),
        Index("ix_sections_list", "user_id", "list_id"),
        Index("ix_sections_deleted_at", "deleted_at", postgresql_where=_DELETED),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text)
    list_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[str] = mapped_column(Text(collation="C"))
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    updated_at: Mapped[dt.datetime] = mapped_column(_TIME)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class PreferencesRecord(TasksBase):
    """A user's settings; a user without a row has the defaults."""

    __tablename__ = "preferences"

    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    complete_subtasks: Mapped[str] = mapped_column(Text)


class TaskRecord(TasksBase):
    """A task; a deleted task can be restored until it is purged.

    `due_on` is the day that a calendar shows; `due_at` and `due_timezone` are set if the task is
    due at an instant; `due_deadline` is the instant from which it is overdue. The `start_*` columns
    are alike; `start_moment` is the instant at which it starts. `*_key` columns are folded by
    `match_key`, so that comparisons don't depend on the database's locale.

    The instances of a repeating task have the same `series_id`; `next_id` of a completed instance
    is the one that followed it. `series_values` holds the values that the following instances get
    where this one differs from them, as in `task_state`.

    `manual_position` is null for a task that was never moved; see `task_position`. A subtask, which
    has a `parent_id`, is in its parent's list and section and has no subtasks of its own. `subtask_counts`
    (total, open) is counted whenever a row is read, so it can't drift; it is None in a new record.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "list_id"], ["lists.user_id", "lists.id"], name="fk_tasks_list"
        ),
        UniqueConstraint("user_id", "number", name="uq_tasks_number"),
        UniqueConstraint("user_id", "id", name="uq_tasks_user_id"),
        ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_tasks_parent",
            ondelete="SET NULL (parent_id)",
        ),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority"),
        CheckConstraint("(due_on IS NULL) = (due_deadline IS NULL)", name="due_deadline"),
        CheckConstraint("due_at IS NULL OR due_timezone IS NOT NULL", name="due_at"),
        Index("ix_tasks_list", "user_id", "list_id"),
        Index(
            "ix_tasks_parent",
            "user_id",
            "parent_id",
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        ForeignKeyConstraint(
            ["user_id", "section_id"], ["sections.user_id", "sections.id"], name="fk_tasks_section"
        ),
        Index(
            "ix_tasks_section",
            "user_id",
            "section_id",
            postgresql_where=text("section_id IS NOT NULL"),
        ),
        Index("ix_tasks_position", "user_id", "list_id", text(POSITION_SQL)),
        Index("ix_tasks_open_list", "user_id", "list_id", "number", postgresql_where=_OPEN),
        Index("ix_tasks_open_number", "user_id", "number", postgresql_where=_OPEN),
        Index("ix_tasks_open_priority", "user_id", "priority", "number", postgresql_where=_OPEN),
        Index("ix_tasks_open_title", "user_id", text(TITLE_START_SQL), postgresql_where=_OPEN),
        Index("ix_tasks_title", "user_id", text(TITLE_START_SQL), postgresql_where=_LIVE),
        Index(
            "ix_tasks_pinned",
            "user_id",
            "number",
            postgresql_where=text("is_pinned AND deleted_at IS NULL"),
        ),
        Index("ix_tasks_due", "user_id", "due_deadline", postgresql_where=_OPEN),
        Index("ix_tasks_due_on", "user_id", "due_on", postgresql_where=_OPEN),
        Index("ix_tasks_open_start", "user_id", "start_moment", "number", postgresql_where=_OPEN),
        Index(
            "ix_tasks_open_counts",
            *("user_id", "list_id", "due_on", "due_deadline", "start_on"),
            postgresql_where=_OPEN,
        ),
        Index("ix_tasks_completed", "user_id", "completed_at", postgresql_where=_COMPLETED),
        Index("ix_tasks_live_due", "user_id", "due_deadline", "number", postgresql_where=_LIVE),
        Index("ix_tasks_live_start", "user_id", "start_moment", "number", postgresql_where=_LIVE),
        Index("ix_tasks_live_priority", "user_id", "priority", "number", postgresql_where=_LIVE),
        Index("ix_tasks_deleted_at", "deleted_at", postgresql_where=_DELETED),
        Index(
            "ix_tasks_series",
            "user_id",
            "series_id",
            "number",
            postgresql_where=text("series_id IS NOT NULL"),
        ),
        Index("ix_tasks_trash", "user_id", "deleted_at", "id", postgresql_where=_DELETED),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    list_id: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = mapped_column(Text)
    section_id: Mapped[str | None] = mapped_column(Text)
    manual_position: Mapped[str | None] = mapped_column(Text(collation="C"))
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(Text(collation="C"))
    notes: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(SmallInteger)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    tag_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    due_on: Mapped[dt.date | None]
    due_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    due_timezone: Mapped[str | None] = mapped_column(Text)
    due_deadline: Mapped[dt.datetime | None] = mapped_column(_TIME)
    start_on: Mapped[dt.date | None]
    start_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    start_timezone: Mapped[str | None] = mapped_column(Text)
    start_moment: Mapped[dt.datetime | None] = mapped_column(_TIME)
    duration_minutes: Mapped[int | None]
    is_pinned: Mapped[bool] = mapped_column(server_default=text("false"))
    reminders: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    repeat_rule: Mapped[str | None] = mapped_column(Text)
    repeat_from: Mapped[str | None] = mapped_column(Text)
    repeat_until: Mapped[dt.date | None]
    repeat_count: Mapped[int | None]
    series_id: Mapped[str | None] = mapped_column(Text)
    series_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    next_id: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    updated_at: Mapped[dt.datetime] = mapped_column(_TIME)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    if TYPE_CHECKING:
        subtask_counts: Mapped[list[int] | None]


_subtask = TaskRecord.__table__.alias("subtask")
SUBTASK_COUNTS: Final = (
    select(array([func.count(), func.count().filter(_subtask.c.completed_at.is_(None))]))
    .where(
        _subtask.c.user_id == TaskRecord.user_id,
        _subtask.c.parent_id == TaskRecord.id,
        _subtask.c.deleted_at.is_(None),
    )
    .correlate(TaskRecord)
    .scalar_subquery()
)
_subtask_counts = query_expression(SUBTASK_COUNTS)
_subtask_counts.expire_on_flush = False  # otherwise None after an update of its task
TaskRecord.__mapper__.add_property("subtask_counts", _subtask_counts)


class SearchRecord(TasksBase):
    """The words of a task, which a trigger on `tasks` writes.

    Its policy has the search condition in it (`app.search`), because `@@` isn't leakproof: in a
    query it would be checked only after the policy, without the index.
    """

    __tablename__ = "task_search"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "task_id"),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_task_search_task",
            ondelete="CASCADE",
        ),
        Index("ix_task_search_vector", "vector", postgresql_using="gin"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str] = mapped_column(Text)
    vector: Mapped[str] = mapped_column(TSVECTOR)


class FilterRecord(TasksBase):
    """A saved filter; a deleted one is kept as long as the trash, for an undo."""

    __tablename__ = "saved_filters"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        Index(
            "ix_saved_filters_name_key",
            "user_id",
            "name_key",
            unique=True,
            postgresql_where=_LIVE,
        ),
        Index("ix_saved_filters_deleted_at", "deleted_at", postgresql_where=_DELETED),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    filter: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    updated_at: Mapped[dt.datetime] = mapped_column(_TIME)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class TagRecord(TasksBase):
    """A tag that has a colour, or that no task has yet; other tags have no row.

    `id` is computed from `name_key`. A deleted one is kept as long as the trash, for an undo.
    """

    __tablename__ = "tags"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        Index("ix_tags_deleted_at", "deleted_at", postgresql_where=_DELETED),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    color: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    updated_at: Mapped[dt.datetime] = mapped_column(_TIME)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class TagCountRecord(TasksBase):
    """The number of tasks in a list with one spelling of a tag, which a trigger on `tasks` keeps.

    Deleted tasks don't count. `key` is `tag` folded by `match_key`. A purge deletes rows without tasks.
    """

    __tablename__ = "tag_counts"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "key", "tag", "list_id"),
        Index("ix_tag_counts_unused", "user_id", postgresql_where=text("tasks = 0")),
    )

    user_id: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text(collation="C"))
    tag: Mapped[str] = mapped_column(Text(collation="C"))
    list_id: Mapped[str] = mapped_column(Text)
    open_tasks: Mapped[int]
    tasks: Mapped[int]


class ReminderRecord(TasksBase):
    """When a reminder of an open task fires; the task's row has the reminder itself.

    `planned_at` is the time that follows from the reminder and the due date; `fires_at` is that
    time, or a later one if it was snoozed, until the reminder has fired.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_reminders_task",
            ondelete="CASCADE",
        ),
        Index("ix_reminders_task", "user_id", "task_id"),
        Index("ix_reminders_due", "fires_at", postgresql_where=text("fires_at IS NOT NULL")),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str] = mapped_column(Text)
    planned_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    fires_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    fired_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class EventRecord(TasksBase):
    """The outbox: one row per change, written in the change's transaction."""

    __tablename__ = "task_events"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "seq"),
        Index("ix_task_events_occurred_at", "occurred_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str | None] = mapped_column(Text)
    list_id: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[dt.datetime] = mapped_column(_TIME)


class ChangeRecord(TasksBase):
    """One change of one task or list, written in the change's transaction.

    `before` and `after` hold the changed fields, as in `task_state` or `list_state`; `before` is
    null for a new task or list. Rows are append-only: an undo adds a row whose `undoes` refers to
    the undone change. Only deleting a task or list for good blanks `before` and `after`.
    `request_id` joins the changes of one request, `group_id` changes that are counted and undone
    together (an agent's turn), and `scope_id` groups (a conversation); the last two are opaque
    here. `is_confirmed` changes were requested by the user and don't count against the group's
    limit.
    """

    __tablename__ = "task_changes"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        Index(
            "ix_task_changes_undoes",
            "user_id",
            "undoes",
            unique=True,
            postgresql_where=text("undoes IS NOT NULL"),
        ),
        Index(
            "ix_task_changes_group",
            "user_id",
            "group_id",
            "id",
            postgresql_where=text("group_id IS NOT NULL"),
        ),
        Index(
            "ix_task_changes_scope",
            "user_id",
            "scope_id",
            "id",
            postgresql_where=text("scope_id IS NOT NULL"),
        ),
        Index("ix_task_changes_entity", "user_id", "entity_id", "id"),
        Index(
            "ix_task_changes_request",
            "user_id",
            "request_id",
            "id",
            postgresql_where=text("request_id IS NOT NULL"),
        ),
        Index(
            "ix_task_changes_run",
            "user_id",
            "run_id",
            "id",
            postgresql_where=text("run_id IS NOT NULL"),
        ),
        Index("ix_task_changes_actor", "user_id", "actor", "id"),
        Index("ix_task_changes_occurred_at", "occurred_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str | None] = mapped_column(Text)
    scope_id: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None] = mapped_column(Text)
    is_confirmed: Mapped[bool]
    occurred_at: Mapped[dt.datetime] = mapped_column(_TIME)


class PendingRecord(TasksBase):
    """Operations that await the user's confirmation, which applies them at most once.

    `revision` grows when operations are added, so that a card confirms only what it shows.
    """

    __tablename__ = "pending_changes"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        Index("ix_pending_changes_group", "user_id", "group_id"),
        Index("ix_pending_changes_expires_at", "expires_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    scope_id: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    operations: Mapped[list[Any]] = mapped_column(JSONB)
    decision: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)
    expires_at: Mapped[dt.datetime] = mapped_column(_TIME)
    decided_at: Mapped[dt.datetime | None] = mapped_column(_TIME)


class ResponseRecord(TasksBase):
    """The response to the first request with an idempotency key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "method", "route", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    route: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(BYTEA)
    change_request_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)


class AttemptRecord(TasksBase):
    """The highest attempt seen of a run."""

    __tablename__ = "run_attempts"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "run_id"),
        Index("ix_run_attempts_seen_at", "seen_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int]
    seen_at: Mapped[dt.datetime] = mapped_column(_TIME)


class ImportRecord(TasksBase):
    """An imported thing and what it became, so that importing it again adds nothing.

    `source` and `key` identify it in files, `kind` is the prefix of its change types. `digest`
    differs from that of a later file if the thing was changed there; it is empty where that doesn't
    matter.
    """

    __tablename__ = "imported"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "source", "kind", "key"),
        Index("ix_imported_entity", "user_id", "entity_id"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[dt.datetime] = mapped_column(_TIME)


class CalendarRecord(TasksBase):
    """The private address of a user's calendar feed, of which only a digest is kept.

    A revoked one has no digest.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = (Index("ix_calendar_feeds_digest", "digest", unique=True),)

    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes | None] = mapped_column(BYTEA)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)


class DeviceRecord(TasksBase):
    """A device that shows a user's reminders by Web Push.

    `public_key` and `auth_secret` encrypt what is sent to it; they are base64url as browsers send
    them. An endpoint belongs to one user: the last one who signed in on the device.
    """

    __tablename__ = "push_devices"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        Index("ix_push_devices_endpoint", "endpoint_digest", unique=True),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    endpoint: Mapped[str] = mapped_column(Text)
    endpoint_digest: Mapped[bytes] = mapped_column(BYTEA)
    public_key: Mapped[str] = mapped_column(Text)
    auth_secret: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME)


class ReminderEmailRecord(TasksBase):
    """The switch of reminders by e-mail, and which address the user has confirmed.

    Only digests of addresses are kept: auth-session knows the address. `code_digest` is that of the
    code sent to the address with `pending_digest`.
    """

    __tablename__ = "reminder_emails"

    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    is_on: Mapped[bool]
    confirmed_digest: Mapped[bytes | None] = mapped_column(BYTEA)
    pending_digest: Mapped[bytes | None] = mapped_column(BYTEA)
    code_digest: Mapped[bytes | None] = mapped_column(BYTEA)
    code_expires_at: Mapped[dt.datetime | None] = mapped_column(_TIME)
    tries_left: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))


class DeliveryRecord(TasksBase):
    """The outbox of fired reminders: one row per firing, channel and target, until it is delivered.

    `target` is a device's ID, or empty for e-mail. `next_at` is when it is due, or while a process
    delivers it, the end of that process's lease; `attempts` counts leases.
    """

    __tablename__ = "reminder_deliveries"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "id"),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_reminder_deliveries_task",
            ondelete="CASCADE",
        ),
        Index(
            "ix_reminder_deliveries_once",
            *("user_id", "reminder_id", "fires_at", "channel", "target"),
            unique=True,
        ),
        Index("ix_reminder_deliveries_task", "user_id", "task_id"),
        Index("ix_reminder_deliveries_next", "channel", "next_at"),
    )

    user_id: Mapped[str] = mapped_column(Text)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    reminder_id: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str] = mapped_column(Text)
    fires_at: Mapped[dt.datetime] = mapped_column(_TIME)
    channel: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[dt.datetime] = mapped_column(_TIME)


class PushKeyRecord(SharedBase):
    """The private key that signs Web Push messages; one row."""

    __tablename__ = "web_push_keys"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    private_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(_TIME, server_default=func.now())

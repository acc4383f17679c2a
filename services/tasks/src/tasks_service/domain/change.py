"""Documents of the change feed, one per committed change."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.task_views import SavedFilter
from todochat.contracts.tasks import Section, Tag, Task, TaskList

ChangeType = Literal[
    "task.created.v1",
    "task.updated.v1",
    "task.completed.v1",
    "task.reopened.v1",
    "task.deleted.v1",
    "task.restored.v1",
    "list.created.v1",
    "list.updated.v1",
    "list.deleted.v1",
    "filter.created.v1",
    "filter.updated.v1",
    "filter.deleted.v1",
    "reminder.fired.v1",
    "reminder.snoozed.v1",
    "list.reordered.v1",
    "list.imported.v1",
    "section.created.v1",
    "section.updated.v1",
    "section.deleted.v1",
    "tag.created.v1",
    "tag.updated.v1",
    "tag.deleted.v1",
]
# Deletions for good are recorded, but change nothing that a client of the feed shows.
RecordType = Literal[ChangeType, "task.purged.v1", "list.purged.v1"]
Actor = Literal["user", "agent", "import", "mcp", "system"]


class FeedReminder(msgspec.Struct, kw_only=True, frozen=True):
    """A reminder that fired or was snoozed; the event's `task` is the task's state at that time."""

    id: str
    fires_at: Annotated[
        dt.datetime, Meta(description="When it was to fire; of a snoozed one, when it fires next.")
    ]
    is_late: Annotated[
        bool, Meta(description="It fired more than a minute late, as after a downtime.")
    ] = msgspec.field(default=False, name="late")


class Change(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One change; `task`, `list`, `section`, `tag` or `filter` is its state after the change.

    `list.deleted.v1` and `section.deleted.v1` have `tasks`: the tasks were moved or deleted without
    events for each of them, so a client that shows them must reload them. The same holds for
    `list.reordered.v1`: all tasks of the list have new positions, in the same order; and for
    `list.imported.v1`: an import added tasks, and maybe sections, to the list. A
    `list.updated.v1` that archives a list hides its tasks, which have no events either.
    `tag.deleted.v1` and a `tag.updated.v1` with `replaced_tag` have changed the tags of all tasks
    that had the deleted or the replaced tag.
    """

    type: ChangeType
    actor: Annotated[
        Actor,
        Meta(
            description="The user; or on the user's behalf the assistant, an import or an MCP client; or the service itself."
        ),
    ]
    run_id: Annotated[str | None, Meta(description="The run that made the change.")] = None
    occurred_at: dt.datetime
    task: Task | None = None
    list: TaskList | None = None
    filter: SavedFilter | None = None
    reminder: FeedReminder | None = None
    section: Section | None = None
    tag: Tag | None = None
    replaced_tag: Annotated[
        str | None, Meta(description="The former ID of a renamed tag, or that of a merged one.")
    ] = None
    tasks: ListedTasks | None = None
    moved_to: str | None = None


class FeedNotice(msgspec.Struct, kw_only=True, frozen=True):
    """An event about the feed itself.

    `feed.ready.v1` opens a feed without Last-Event-ID; its ID is the feed's start.
    `feed.reset.v1` reports that changes are missing: the client must reload everything.
    """

    type: Literal["feed.ready.v1", "feed.reset.v1"]

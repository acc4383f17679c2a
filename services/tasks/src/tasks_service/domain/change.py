"""What the change feed says: one document per committed change."""

import datetime as dt
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import Task, TaskList

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
]
Actor = Literal["user", "agent"]

FEED_READY: Final = "feed.ready.v1"
FEED_RESET: Final = "feed.reset.v1"


class Change(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One change; `task` or `list` is the thing as it is after it.

    `tasks` and `moved_to` are there in `list.deleted.v1` alone: what became of the list's tasks,
    which get no changes of their own, so a reader that shows them loads them again.
    """

    type: ChangeType
    actor: Annotated[Actor, Meta(description="Who did it: the person, or an agent for them.")]
    run_id: Annotated[str | None, Meta(description="The run it was done in.")] = None
    occurred_at: dt.datetime
    task: Task | None = None
    list: TaskList | None = None
    tasks: ListedTasks | None = None
    moved_to: str | None = None


class FeedNotice(msgspec.Struct, kw_only=True, frozen=True):
    """What the feed says about itself.

    `feed.ready.v1` opens a feed that has no Last-Event-ID; its id is where the feed begins.
    `feed.reset.v1` says that changes are missing from here on: load everything again.
    """

    type: Literal["feed.ready.v1", "feed.reset.v1"]

"""Wire types of the history of tasks and lists, and of the trash."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from todochat.contracts.tasks import Task, TaskList


class ChangeEntry(msgspec.Struct, kw_only=True, frozen=True):
    """One change of one task or list."""

    id: int
    type: Annotated[str, Meta(description="As in the change feed, also `task.purged.v1`.")]
    entity_id: str
    name: Annotated[str | None, Meta(description="The current title or name; null after a purge.")]
    actor: Annotated[str, Meta(description="user, agent, import or mcp.")]
    run_id: str | None
    group_id: Annotated[str | None, Meta(description="The chat turn.")]
    request_id: Annotated[
        str | None, Meta(description="Changes of one request have the same, and are undone by it.")
    ]
    before: Annotated[
        dict[str, Any] | None, Meta(description="The changed fields; null for something new.")
    ]
    after: dict[str, Any]
    undoes: Annotated[int | None, Meta(description="ID of the change that this one undoes.")]
    undone: Annotated[bool, Meta(description="It was undone, and not redone since.")]
    occurred_at: dt.datetime


class ChangePage(msgspec.Struct, frozen=True):
    """A page of changes, newest first."""

    items: list[ChangeEntry]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]


class TrashedTask(msgspec.Struct, kw_only=True, frozen=True, tag="task"):
    """A deleted task."""

    task: Task
    deleted_at: dt.datetime
    purged_at: Annotated[dt.datetime, Meta(description="When it is deleted for good.")]


class TrashedList(msgspec.Struct, kw_only=True, frozen=True, tag="list"):
    """A deleted list."""

    list: TaskList
    tasks: Annotated[int, Meta(description="Tasks that are restored with it.")]
    deleted_at: dt.datetime
    purged_at: Annotated[dt.datetime, Meta(description="When it is deleted for good.")]


class TrashPage(msgspec.Struct, frozen=True):
    """A page of the trash, the last deleted first."""

    items: list[TrashedTask | TrashedList]
    next_cursor: Annotated[str | None, Meta(description="null on the last page.")]

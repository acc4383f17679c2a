"""Wire types of changes of many tasks at once."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from todochat.contracts.tasks import Task

BulkSkipReason = Literal["not-found", "deleted", "not-deleted", "unchanged", "too-many-tags"]


class SkippedTask(msgspec.Struct, kw_only=True, frozen=True):
    """A task that a bulk change left as it is."""

    id: str
    number: Annotated[int | None, Meta(description="null if there is no such task.")] = None
    title: str | None = None
    reason: BulkSkipReason


class BulkOutcome(msgspec.Struct, kw_only=True, frozen=True):
    """The effect of a bulk change, or of its dry run."""

    dry_run: Annotated[bool, Meta(description="Nothing was changed.")]
    request_id: Annotated[str | None, Meta(description="To undo it; null if nothing was changed.")]
    count: Annotated[int, Meta(description="Number of changed tasks.")]
    tasks: Annotated[list[Task], Meta(description="The first changed tasks, after the change.")]
    skipped: list[SkippedTask]

"""A change of many tasks at once: the tasks, and the action on each."""

from typing import Literal

import msgspec

from tasks_service.domain.due import DEFAULT_TIMEZONE
from tasks_service.domain.filter_expression import Expression
from todochat.contracts.task_changes import TaskChanges


class BulkTarget(msgspec.Struct, kw_only=True, frozen=True):
    """Tasks by their IDs, or those that a filter selects; the other one is None."""

    task_ids: tuple[str, ...] | None = None
    expression: Expression | None = None
    timezone: str = DEFAULT_TIMEZONE
    include_archived: bool = False  # tasks that `expression` selects in archived lists


class BulkAction(msgspec.Struct, kw_only=True, frozen=True):
    """The same change of each task.

    Attributes:
        changes: the fields that `update` sets.
        add_tags, remove_tags: set by `tag`, ignoring case.
    """

    type: Literal["update", "tag", "delete", "restore"]
    changes: TaskChanges = TaskChanges()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()

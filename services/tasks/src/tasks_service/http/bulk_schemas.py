"""The request body of a bulk change; unknown fields are rejected."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tasks_service.domain.bulk import BulkAction, BulkTarget
from tasks_service.domain.due import DEFAULT_TIMEZONE, check_timezone
from tasks_service.domain.filter_language import parse_filter
from tasks_service.domain.limits import MAX_BULK_TASKS, MAX_FILTER_CHARS, MAX_TAG_CHARS, MAX_TAGS
from tasks_service.domain.text import clean_tags, invalid
from tasks_service.http.schemas import Tags, UpdateTask
from todochat.contracts.task_changes import TaskChanges


class UpdateAction(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="update"):
    """Change fields."""

    changes: UpdateTask

    def to_action(self) -> BulkAction:
        """Validate and normalize the fields.

        Raises:
            InvalidInputError: a field breaks a rule.
        """
        return BulkAction(type="update", changes=self.changes.to_changes())


class CompleteAction(msgspec.Struct, forbid_unknown_fields=True, tag="complete"):
    """Complete the tasks."""

    def to_action(self) -> BulkAction:
        """Return the action."""
        return BulkAction(type="update", changes=TaskChanges(is_completed=True))


class ReopenAction(msgspec.Struct, forbid_unknown_fields=True, tag="reopen"):
    """Reopen completed tasks."""

    def to_action(self) -> BulkAction:
        """Return the action."""
        return BulkAction(type="update", changes=TaskChanges(is_completed=False))


class MoveAction(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="move"):
    """Move the tasks to a list."""

    list_id: str

    def to_action(self) -> BulkAction:
        """Return the action."""
        return BulkAction(type="update", changes=TaskChanges(list_id=self.list_id))


class DeleteAction(msgspec.Struct, forbid_unknown_fields=True, tag="delete"):
    """Move the tasks to the trash."""

    def to_action(self) -> BulkAction:
        """Return the action."""
        return BulkAction(type="delete")


class RestoreAction(msgspec.Struct, forbid_unknown_fields=True, tag="restore"):
    """Restore tasks from the trash; requires `task_ids`."""

    def to_action(self) -> BulkAction:
        """Return the action."""
        return BulkAction(type="restore")


class TagAction(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="tag"):
    """Add and remove tags, ignoring case; other tags stay."""

    add: Tags = []
    remove: Tags = []

    def to_action(self) -> BulkAction:
        """Validate and normalize the tags.

        Raises:
            InvalidInputError: a tag is invalid.
        """
        added, removed = (
            clean_tags(tags, pointer=f"/action/{name}", max_tags=MAX_TAGS, max_chars=MAX_TAG_CHARS)
            for name, tags in (("add", self.add), ("remove", self.remove))
        )
        return BulkAction(type="tag", add_tags=tuple(added), remove_tags=tuple(removed))


Action = (
    UpdateAction
    | CompleteAction
    | ReopenAction
    | MoveAction
    | DeleteAction
    | RestoreAction
    | TagAction
)


class BulkChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A change of the tasks in `task_ids`, or of those that `filter` selects."""

    task_ids: Annotated[
        Annotated[list[str], Meta(min_length=1, max_length=MAX_BULK_TASKS)] | None,
        Meta(description="IDs; repeated ones count once."),
    ] = None
    filter: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_FILTER_CHARS)] | None,
        Meta(description=f"As in `GET /tasks`; may select at most {MAX_BULK_TASKS} tasks."),
    ] = None
    timezone: Annotated[
        str, Meta(max_length=64, description="IANA time zone of the dates in the filter.")
    ] = DEFAULT_TIMEZONE
    include_archived: Annotated[
        bool, Meta(description="The filter also selects tasks of archived lists.")
    ] = False
    action: Action
    dry_run: Annotated[bool, Meta(description="Report what would be changed, without it.")] = False

    def to_target(self) -> BulkTarget:
        """Return the tasks to change.

        Raises:
            InvalidInputError: not exactly one of `task_ids` and `filter` is given, or it is invalid.
        """
        if (self.task_ids is None) == (self.filter is None):
            raise invalid("/", "must have either task_ids or filter")
        if self.task_ids is not None:
            if any("\0" in task_id for task_id in self.task_ids):
                raise invalid("/task_ids", "must not contain NUL characters")
            return BulkTarget(task_ids=tuple(self.task_ids))
        if isinstance(self.action, RestoreAction):
            raise invalid("/filter", "doesn't select deleted tasks; use task_ids")
        check_timezone(self.timezone, pointer="/timezone")
        expression = parse_filter(self.filter or "", pointer="/filter")
        return BulkTarget(
            expression=expression,
            timezone=self.timezone,
            include_archived=self.include_archived,
        )

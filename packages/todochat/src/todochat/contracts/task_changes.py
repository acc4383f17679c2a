"""Wire types of undo, and of task changes that wait for the user's confirmation."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from todochat.contracts.tasks import Due, Priority, Reminder, Repeat

ListedTasks = Literal["move", "delete"]  # what happens to the tasks of a deleted list
AppliesTo = Literal["this", "following"]  # instances of a repeating task
PendingStatus = Literal["open", "confirmed", "discarded", "expired"]
SkipReason = Literal["gone", "changed"]
ConflictReason = Literal[
    "changed",
    "purged",
    "list-deleted",
    "list-not-empty",
    "name-taken",
    "section-deleted",
    "section-not-empty",
    "parent-deleted",
    "nested",
    "has-subtasks",
]
OpenSubtasks = Literal["complete", "keep"]  # what happens to the open subtasks of a completed task


class Move(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A new place in the manual order: exactly one of `before`, `after` and `to`."""

    before: Annotated[str | None, Meta(description="Right before this one.")] = None
    after: Annotated[str | None, Meta(description="Right after this one.")] = None
    to: Annotated[
        Literal["start", "end"] | None, Meta(description="The start or the end of the order.")
    ] = None


class PlainTaskChanges(msgspec.Struct, kw_only=True, frozen=True):
    """The fields whose input needs no normalization; UNSET ones stay as they are."""

    list_id: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    applies_to: Annotated[
        AppliesTo | None,
        Meta(
            description=(
                "Of a repeating task: change only this instance, or the following ones, too."
                " By default a due date and a start move only this one."
            )
        ),
    ] = None
    section_id: Annotated[
        str | UnsetType | None, Meta(description="Determines the list; null for none.")
    ] = UNSET
    parent_id: Annotated[
        str | UnsetType | None,
        Meta(description="ID or number of the parent; determines list and section."),
    ] = UNSET
    subtasks: Annotated[
        OpenSubtasks | UnsetType,
        Meta(description="With `completed`: the user's preference if it's missing."),
    ] = UNSET
    is_completed: bool | UnsetType = msgspec.field(default=UNSET, name="completed")


class TaskChanges(PlainTaskChanges, kw_only=True, frozen=True):
    """The fields of a task to change; UNSET ones stay as they are."""

    title: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET
    due: Due | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    start: Due | UnsetType | None = UNSET
    duration_minutes: int | UnsetType | None = UNSET
    repeat: Repeat | UnsetType | None = UNSET
    reminders: list[Reminder] | UnsetType = UNSET
    move: Move | UnsetType = UNSET


class UpdateOperation(msgspec.Struct, kw_only=True, frozen=True, tag="update"):
    """Change fields of a task."""

    task_id: str
    changes: TaskChanges


class DeleteOperation(msgspec.Struct, kw_only=True, frozen=True, tag="delete"):
    """Delete a task."""

    task_id: str


class RestoreOperation(msgspec.Struct, kw_only=True, frozen=True, tag="restore"):
    """Restore a deleted task."""

    task_id: str


class DeleteListOperation(msgspec.Struct, kw_only=True, frozen=True, tag="delete-list"):
    """Delete a list; its tasks move to the default list or are deleted with it."""

    list_id: str
    tasks: ListedTasks = "move"


class UndoOperation(msgspec.Struct, kw_only=True, frozen=True, tag="undo"):
    """Undo the changes of a group that can still be undone."""

    group_id: str


TaskOperation = UpdateOperation | DeleteOperation | RestoreOperation
Operation = TaskOperation | DeleteListOperation | UndoOperation


class PendingOperation(msgspec.Struct, kw_only=True, frozen=True):
    """An operation with its target as shown to the user.

    Args:
        seen: changes whenever the task or list does; confirming an outdated one skips it.
    """

    operation: Operation
    title: Annotated[str, Meta(description="Of the task or list; empty for an undo.")]
    number: Annotated[int | None, Meta(description="Of the task.")] = None
    count: Annotated[int | None, Meta(description="Tasks of the list, or changes to undo.")] = None
    seen: str = ""


class SkippedOperation(msgspec.Struct, kw_only=True, frozen=True):
    """An operation that a confirmation skipped because its target differs from what was shown."""

    title: str
    number: int | None
    reason: SkipReason


class ChangedTask(msgspec.Struct, kw_only=True, frozen=True):
    """A task that a confirmation or an undo changed."""

    id: str
    number: int
    title: str
    deleted: bool


class ChangedList(msgspec.Struct, kw_only=True, frozen=True):
    """A list that a confirmation or an undo changed."""

    id: str
    name: str
    deleted: bool


class ChangedEntity(msgspec.Struct, kw_only=True, frozen=True):
    """Another kind of entity that an undo changed."""

    type: Annotated[str, Meta(description="The kind, as in the types of its changes.")]
    id: str
    name: str
    deleted: bool


class UndoConflict(msgspec.Struct, kw_only=True, frozen=True):
    """A task or list that prevents an undo."""

    id: str
    name: Annotated[str, Meta(description="Its current title or name.")]
    reason: ConflictReason
    fields: Annotated[
        list[str], Meta(description="The fields that were changed again, if that is the reason.")
    ] = []


class ChangeOutcome(msgspec.Struct, kw_only=True, frozen=True):
    """The effect of a confirmation or an undo."""

    group_id: Annotated[
        str | None,
        Meta(description="The confirmed or undone group; null if the undo named no group."),
    ]
    request_id: Annotated[
        str | None, Meta(description="Names the changes just made, so that they can be undone.")
    ] = None
    tasks: list[ChangedTask]
    lists: list[ChangedList]
    others: list[ChangedEntity] = []
    left: Annotated[list[SkippedOperation], Meta(description="Skipped operations.")] = []


class PendingChange(msgspec.Struct, kw_only=True, frozen=True):
    """Operations that wait for the user."""

    id: str
    group_id: str
    revision: Annotated[int, Meta(description="Grows when operations are added.")]
    status: PendingStatus
    operations: list[PendingOperation]
    expires_at: dt.datetime
    done: Annotated[
        list[ChangedTask], Meta(description="Changes the group made without a confirmation.")
    ]
    outcome: Annotated[ChangeOutcome | None, Meta(description="Effect of the confirmation.")] = None

"""Operations that wait for a person's confirmation, and what became of them."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tasks_service.domain.change import ListedTasks
from tasks_service.domain.task import TaskChanges

PENDING_HOURS: Final = 24
MAX_OPERATIONS: Final = 500  # of one pending change

Decision = Literal["confirmed", "discarded"]
PendingStatus = Literal["open", "confirmed", "discarded", "expired"]
LeftReason = Literal["gone", "changed"]


class UpdateOperation(msgspec.Struct, kw_only=True, frozen=True, tag="update"):
    """Change fields of a task."""

    task_id: str
    changes: TaskChanges


class DeleteOperation(msgspec.Struct, kw_only=True, frozen=True, tag="delete"):
    """Delete a task."""

    task_id: str


class RestoreOperation(msgspec.Struct, kw_only=True, frozen=True, tag="restore"):
    """Bring a deleted task back."""

    task_id: str


class DeleteListOperation(msgspec.Struct, kw_only=True, frozen=True, tag="delete-list"):
    """Delete a list; its tasks move to the default list or are deleted with it."""

    list_id: str
    tasks: ListedTasks = "move"


class UndoOperation(msgspec.Struct, kw_only=True, frozen=True, tag="undo"):
    """Undo what is left of a group of changes."""

    group_id: str


TaskOperation = UpdateOperation | DeleteOperation | RestoreOperation
Operation = TaskOperation | DeleteListOperation | UndoOperation


class PendingOperation(msgspec.Struct, kw_only=True, frozen=True):
    """An operation with what it is about, as that was when the person was asked.

    Args:
        seen: changes whenever the task or list does; a confirmation of something else is none.
    """

    operation: Operation
    title: Annotated[str, Meta(description="Of the task or list; empty for an undo.")]
    number: Annotated[int | None, Meta(description="Of the task.")] = None
    count: Annotated[int | None, Meta(description="Tasks of the list, or changes to undo.")] = None
    seen: str = ""


class LeftOperation(msgspec.Struct, kw_only=True, frozen=True):
    """Something that a confirmation left as it was, because it is not what the person saw."""

    title: str
    number: int | None
    reason: LeftReason


class ChangedTask(msgspec.Struct, kw_only=True, frozen=True):
    """A task that a confirmation or an undo has changed."""

    id: str
    number: int
    title: str
    deleted: bool


class ChangedList(msgspec.Struct, kw_only=True, frozen=True):
    """A list that a confirmation or an undo has changed."""

    id: str
    name: str
    deleted: bool


class Outcome(msgspec.Struct, kw_only=True, frozen=True):
    """What a confirmation or an undo did.

    `group_id` names the changes, for an undo.
    """

    group_id: str
    tasks: list[ChangedTask]
    lists: list[ChangedList]
    left: list[LeftOperation] = []

"""Request bodies; unknown fields are refused."""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tasks_service.domain.grouping import GROUP_PATTERN
from tasks_service.domain.limits import (
    MAX_LIST_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_OPERATIONS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from todochat.contracts.task_changes import ListedTasks
from todochat.contracts.tasks import Due, Priority

MAX_INTEGER: Final = 2**31 - 1

GroupId = Annotated[str, Meta(pattern=f"^{GROUP_PATTERN}$", description="1 to 128 characters.")]
Title = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_TITLE_CHARS, description="One line; blanks are trimmed."),
]
Notes = Annotated[str, Meta(max_length=MAX_NOTES_CHARS, description="Any text.")]
Tags = Annotated[
    list[str],
    Meta(
        max_length=MAX_TAGS,
        description=f"At most {MAX_TAG_CHARS} characters each; kept once, whatever its case.",
    ),
]
ListName = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_LIST_NAME_CHARS, description="Unique, whatever its case."),
]


class DueInput(Due, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """When a task is due: either `date` or `at`, never both."""


class CreateTask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A task to store."""

    title: Title
    notes: Notes | None = None
    list_id: Annotated[str | None, Meta(description="The default list if there is none.")] = None
    priority: Priority = "none"
    due: DueInput | None = None
    tags: Tags = []


class UpdateTask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; what isn't there stays as it is."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    list_id: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    due: DueInput | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    completed: bool | UnsetType = UNSET


class HeldUpdate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="update"):
    """Change fields of a task."""

    task_id: str
    changes: UpdateTask


class HeldDelete(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="delete"):
    """Delete a task."""

    task_id: str


class HeldRestore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="restore"):
    """Bring a deleted task back."""

    task_id: str


class HeldListDeletion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="delete-list"):
    """Delete a list."""

    list_id: str
    tasks: ListedTasks = "move"


class HeldUndo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag="undo"):
    """Undo a group of changes."""

    group_id: GroupId


class HoldChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Operations to keep until the person has decided."""

    operations: Annotated[
        list[HeldUpdate | HeldDelete | HeldRestore | HeldListDeletion | HeldUndo],
        Meta(min_length=1, max_length=MAX_OPERATIONS),
    ]


class ConfirmChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The decision for what the person has seen."""

    revision: Annotated[int, Meta(ge=1, le=MAX_INTEGER, description="The revision they saw.")]


class UndoChanges(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which changes to undo: a group's, or those of the newest group of a scope."""

    group_id: GroupId | None = None
    scope_id: GroupId | None = None
    task_ids: Annotated[
        Annotated[list[str], Meta(max_length=MAX_OPERATIONS)] | None,
        Meta(description="Only what was done to these tasks."),
    ] = None


class CreateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A list to store."""

    name: ListName


class UpdateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; what isn't there stays as it is."""

    name: ListName | UnsetType = UNSET

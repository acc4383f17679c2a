"""Request bodies; unknown fields are refused."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tasks_service.domain.due import Due
from tasks_service.domain.limits import (
    MAX_LIST_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from tasks_service.domain.task import Priority

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


class CreateTask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A task to store."""

    title: Title
    notes: Notes | None = None
    list_id: Annotated[str | None, Meta(description="The default list if there is none.")] = None
    priority: Priority = "none"
    due: Due | None = None
    tags: Tags = []


class UpdateTask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; what isn't there stays as it is."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    list_id: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    due: Due | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    completed: bool | UnsetType = UNSET


class CreateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A list to store."""

    name: ListName


class UpdateList(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; what isn't there stays as it is."""

    name: ListName | UnsetType = UNSET

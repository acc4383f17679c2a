"""A task: its form on the wire and the rules for what may be written into it.

The struct is both the domain's and the wire's: the answer, the change feed and the stored answer
of an idempotency key must be the same document.
"""

import datetime as dt
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tasks_service.domain.due import Due, clean_due
from tasks_service.domain.limits import (
    MAX_NOTES_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from tasks_service.domain.text import clean_line, clean_notes, clean_tags

Priority = Literal["none", "low", "medium", "high"]
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)  # the index is the rank


class Task(msgspec.Struct, kw_only=True, frozen=True):
    """Something to do."""

    id: Annotated[str, Meta(description="`tsk_` and 26 characters.")]
    number: Annotated[int, Meta(description="Small, unique per person, never given twice.")]
    title: str
    notes: str
    list_id: str
    priority: Priority
    due: Due | None
    tags: list[str]
    completed_at: Annotated[dt.datetime | None, Meta(description="null while it is open.")]
    created_at: dt.datetime
    updated_at: dt.datetime


class TaskDraft(msgspec.Struct, kw_only=True, frozen=True):
    """A task that isn't stored yet; `list_id` None means the default list."""

    title: str
    notes: str
    list_id: str | None
    priority: Priority
    due: Due | None
    tags: list[str]

    @classmethod
    def clean(
        cls,
        *,
        title: str,
        notes: str | None = None,
        list_id: str | None = None,
        priority: Priority = "none",
        due: Due | None = None,
        tags: list[str] | None = None,
    ) -> "TaskDraft":
        """Check and clean what came in.

        Raises:
            InvalidInputError: a field breaks a rule; the error points at it.
        """
        return cls(
            title=clean_title(title),
            notes=clean_notes(notes, pointer="/notes", max_chars=MAX_NOTES_CHARS),
            list_id=list_id,
            priority=priority,
            due=clean_due(due, pointer="/due"),
            tags=_clean_tags(tags),
        )


class TaskChanges(msgspec.Struct, kw_only=True, frozen=True):
    """The fields of a task that are to change; UNSET ones stay."""

    title: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET
    list_id: str | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    due: Due | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    is_completed: bool | UnsetType = msgspec.field(default=UNSET, name="completed")

    @classmethod
    def clean(
        cls,
        *,
        title: str | UnsetType = UNSET,
        notes: str | UnsetType | None = UNSET,
        list_id: str | UnsetType = UNSET,
        priority: Priority | UnsetType = UNSET,
        due: Due | UnsetType | None = UNSET,
        tags: list[str] | UnsetType = UNSET,
        completed: bool | UnsetType = UNSET,
    ) -> "TaskChanges":
        """Check and clean what came in.

        Raises:
            InvalidInputError: a field breaks a rule; the error points at it.
        """
        return cls(
            title=UNSET if title is UNSET else clean_title(title),
            notes=(
                UNSET
                if notes is UNSET
                else clean_notes(notes, pointer="/notes", max_chars=MAX_NOTES_CHARS)
            ),
            list_id=list_id,
            priority=priority,
            due=UNSET if due is UNSET else clean_due(due, pointer="/due"),
            tags=UNSET if tags is UNSET else _clean_tags(tags),
            is_completed=completed,
        )


def clean_title(title: str) -> str:
    """Return a title as it is stored."""
    return clean_line(title, pointer="/title", max_chars=MAX_TITLE_CHARS)


def _clean_tags(tags: list[str] | None) -> list[str]:
    return clean_tags(tags or [], pointer="/tags", max_tags=MAX_TAGS, max_chars=MAX_TAG_CHARS)

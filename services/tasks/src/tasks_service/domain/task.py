"""Rules for the fields of a task."""

from collections.abc import Sequence
from typing import Final, get_args

import msgspec
from msgspec import UNSET, UnsetType

from tasks_service.domain.due import clean_due
from tasks_service.domain.limits import MAX_NOTES_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TITLE_CHARS
from tasks_service.domain.reminder import ReminderTime, clean_reminders
from tasks_service.domain.series import clean_repeat, fit_repeat
from tasks_service.domain.text import clean_line, clean_notes, clean_tags, invalid
from todochat.contracts.task_changes import Move, PlainTaskChanges, TaskChanges
from todochat.contracts.tasks import Due, Priority, Reminder, Repeat

PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)  # the index is the rank


class TaskDraft(msgspec.Struct, kw_only=True, frozen=True):
    """A task to create; `list_id` None means the default list."""

    title: str
    notes: str
    list_id: str | None
    priority: Priority
    due: Due | None
    tags: list[str]
    section_id: str | None
    parent_id: str | None
    start: Due | None
    duration_minutes: int | None
    pinned: bool
    repeat: Repeat | None
    reminders: list[Reminder]

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
        section_id: str | None = None,
        parent_id: str | None = None,
        start: Due | None = None,
        duration_minutes: int | None = None,
        pinned: bool = False,
        repeat: Repeat | None = None,
        reminders: Sequence[ReminderTime] = (),
    ) -> "TaskDraft":
        """Validate and normalize input.

        Raises:
            InvalidInputError: a field breaks a rule; the error names the field.
        """
        cleaned_due = clean_due(due, pointer="/due")
        return cls(
            title=clean_title(title),
            notes=clean_notes(notes, pointer="/notes", max_chars=MAX_NOTES_CHARS),
            list_id=list_id,
            priority=priority,
            due=cleaned_due,
            tags=_clean_tags(tags),
            section_id=section_id,
            parent_id=parent_id,
            start=clean_due(start, pointer="/start"),
            duration_minutes=duration_minutes,
            pinned=pinned,
            repeat=None if repeat is None else fit_repeat(clean_repeat(repeat), cleaned_due),
            reminders=clean_reminders(reminders),
        )


def clean_changes(
    plain: PlainTaskChanges,
    *,
    title: str | UnsetType,
    notes: str | UnsetType | None,
    due: Due | UnsetType | None,
    tags: list[str] | UnsetType,
    start: Due | UnsetType | None,
    duration_minutes: int | UnsetType | None,
    repeat: Repeat | UnsetType | None,
    reminders: Sequence[ReminderTime] | UnsetType,
    move: Move | UnsetType,
) -> TaskChanges:
    """Validate and normalize input.

    Args:
        plain: has the fields that are taken as they are.

    Raises:
        InvalidInputError: a field breaks a rule; the error names the field.
    """
    if repeat is not UNSET and plain.applies_to == "this":
        raise invalid("/applies_to", "can't be this for a change of repeat")
    return TaskChanges(
        **{name: getattr(plain, name) for name in PlainTaskChanges.__struct_fields__},
        title=UNSET if title is UNSET else clean_title(title),
        notes=(
            UNSET
            if notes is UNSET
            else clean_notes(notes, pointer="/notes", max_chars=MAX_NOTES_CHARS)
        ),
        due=UNSET if due is UNSET else clean_due(due, pointer="/due"),
        tags=UNSET if tags is UNSET else _clean_tags(tags),
        start=UNSET if start is UNSET else clean_due(start, pointer="/start"),
        duration_minutes=duration_minutes,
        repeat=clean_repeat(repeat) if isinstance(repeat, Repeat) else repeat,
        reminders=UNSET if reminders is UNSET else clean_reminders(reminders),
        move=UNSET if move is UNSET else clean_move(move),
    )


def clean_move(move: Move) -> Move:
    """Validate a move.

    Raises:
        InvalidInputError: it has not exactly one of `before`, `after` and `to`.
    """
    if sum(target is not None for target in (move.before, move.after, move.to)) != 1:
        raise invalid("/move", 'must have exactly one of "before", "after" and "to"')
    return move


def clean_title(title: str) -> str:
    """Normalize a title."""
    return clean_line(title, pointer="/title", max_chars=MAX_TITLE_CHARS)


def _clean_tags(tags: list[str] | None) -> list[str]:
    return clean_tags(tags or [], pointer="/tags", max_tags=MAX_TAGS, max_chars=MAX_TAG_CHARS)

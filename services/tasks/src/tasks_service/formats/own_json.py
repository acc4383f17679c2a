"""This service's own JSON export."""

import datetime as dt
from typing import Any, Final

import msgspec

from tasks_service.formats.file_content import (
    OWN_SOURCE,
    FileContent,
    FileFilter,
    FileList,
    FileReminder,
    FileSection,
    FileTag,
    FileTask,
)
from tasks_service.formats.json_rows import list_in, rows_of
from todochat.contracts.task_views import SavedFilter
from todochat.contracts.tasks import Color, Section, Task, TaskList

_MEMBERS: Final = frozenset(
    {"tasks", "lists", "sections", "filters", "tags", "changes", "preferences"}
)


class ListRow(TaskList, kw_only=True, frozen=True):
    """A list in an export."""

    open_tasks: int = 0
    deleted_at: dt.datetime | None = None


class SectionRow(Section, kw_only=True, frozen=True):
    """A section in an export."""

    deleted_at: dt.datetime | None = None


class TaskRow(Task, kw_only=True, frozen=True):
    """A task in an export."""

    deleted_at: dt.datetime | None = None


class FilterRow(SavedFilter, kw_only=True, frozen=True):
    """A saved filter in an export."""

    deleted_at: dt.datetime | None = None


class TagRow(msgspec.Struct):
    """A stored tag in an export."""

    name: str
    color: Color | None = None
    deleted_at: dt.datetime | None = None


def read_own_json(document: Any) -> FileContent:
    """Read an export; what is in the trash, the history and the preferences are left out."""
    content = FileContent(format="json", source=OWN_SOURCE)
    lists = list(rows_of(list_in(document, "lists"), ListRow, "list", content))
    sections = list(rows_of(list_in(document, "sections"), SectionRow, "section", content))
    live = {each.id for each in lists if each.deleted_at is None}
    for entry in lists:
        if entry.id in live:
            content.lists.append(
                FileList(
                    key=entry.id,
                    name=entry.name,
                    is_default=entry.is_default,
                    color=entry.color,
                    icon=entry.icon,
                    position=entry.position,
                    archived_at=entry.archived_at,
                )
            )
    for section in sorted(sections, key=lambda each: each.position):
        if section.deleted_at is None and section.list_id in live:
            content.sections.append(
                FileSection(key=section.id, list_key=section.list_id, name=section.name)
            )
    for task in rows_of(list_in(document, "tasks"), TaskRow, "task", content):
        if task.deleted_at is not None:
            content.left_out["tasks in the trash"] += 1
            continue
        content.add_task(to_file_task(task, place=f"task {task.number}"))
    read_filters_and_tags(document, content)
    content.left_out["lists in the trash"] += len(lists) - len(live)
    content.left_out["changes of the history"] += len(list_in(document, "changes"))
    content.left_out["preferences"] += bool(document.get("preferences"))
    for name in document.keys() - _MEMBERS:
        content.left_out[f'rows of "{name[:40]}"'] += len(list_in(document, name)) or 1
    return content


def read_filters_and_tags(document: Any, content: FileContent) -> None:
    """Read the saved filters, and the tags that are stored."""
    for saved in rows_of(list_in(document, "filters"), FilterRow, "filter", content):
        if saved.deleted_at is None:
            content.filters.append(FileFilter(key=saved.id, name=saved.name, filter=saved.filter))
    for tag in rows_of(list_in(document, "tags"), TagRow, "tag", content):
        if tag.deleted_at is None:
            content.tags.append(FileTag(name=tag.name, color=tag.color))


def to_file_task(task: Task, *, place: str) -> FileTask:
    """Convert a task of this service."""
    return FileTask(
        key=task.id,
        place=place,
        title=task.title,
        notes=task.notes,
        list_key=task.list_id,
        section_key=task.section_id,
        parent_key=task.parent_id,
        priority=task.priority,
        due=task.due,
        start=task.start,
        duration_minutes=task.duration_minutes,
        tags=list(task.tags),
        is_pinned=task.pinned,
        repeat=task.repeat,
        reminders=[
            FileReminder(at=each.at, minutes_before=each.minutes_before) for each in task.reminders
        ],
        completed_at=task.completed_at,
        created_at=task.created_at,
        position=task.position,
        series_key=task.series_id,
        next_key=task.next_id,
    )

"""Todoist's API as JSON: a response of `/sync`, or tasks of the REST API in a list or in pages.

Field names are those of the Sync API v9, which the API v1 kept, and of the REST API v2, where a
completed task `is_completed`. Priority 4 is the highest, the reverse of the CSV format.
"""

from typing import Any, Final

import msgspec

from tasks_service.formats.file_content import (
    FileContent,
    FileList,
    FileReminder,
    FileSection,
    FileTask,
    ImportOptions,
)
from tasks_service.formats.json_rows import list_in, rows_of
from tasks_service.formats.todoist_csv import read_minutes
from tasks_service.formats.todoist_dates import PhraseReader, TodoistDate, set_due
from tasks_service.formats.values import read_instant
from todochat.contracts.tasks import Color, Priority

_PRIORITIES: Final[dict[int, Priority]] = {4: "high", 3: "medium", 2: "low"}
_COLORS: Final[dict[str, Color]] = {
    "berry_red": "pink",
    "red": "red",
    "orange": "orange",
    "yellow": "yellow",
    "olive_green": "green",
    "lime_green": "green",
    "green": "green",
    "mint_green": "teal",
    "teal": "teal",
    "sky_blue": "blue",
    "light_blue": "blue",
    "blue": "blue",
    "grape": "purple",
    "violet": "purple",
    "lavender": "purple",
    "magenta": "pink",
    "salmon": "orange",
    "charcoal": "gray",
    "grey": "gray",
    "taupe": "brown",
}
_LEFT_OUT: Final = {
    "project_notes": "comments on projects",
    "filters": "filters",
    "collaborators": "collaborators",
    "completed_info": "numbers of completed tasks that the file doesn't have",
}
Key = str | int | None


class Project(msgspec.Struct):
    """A project; the inbox is marked in three ways, by version."""

    id: str
    name: str
    color: str | int | None = None
    parent_id: Key = None
    child_order: int = 0
    is_archived: bool = False
    is_deleted: bool = False
    inbox_project: bool = False
    is_inbox_project: bool = False


class Section(msgspec.Struct):
    """A section of a project."""

    id: str
    name: str
    project_id: str
    section_order: int = 0
    is_deleted: bool = False
    is_archived: bool = False


class DueField(msgspec.Struct):
    """A due date; `datetime` only in REST."""

    date: str | None = None
    datetime: str | None = None
    string: str | None = None
    lang: str | None = None
    timezone: str | None = None
    is_recurring: bool = False


class Duration(msgspec.Struct):
    """The duration of a task."""

    amount: int = 0
    unit: str = "minute"


class Item(msgspec.Struct):
    """A task."""

    id: str
    content: str
    description: str | None = None
    project_id: Key = None
    section_id: Key = None
    parent_id: Key = None
    priority: int = 1
    labels: list[str | int] = []
    due: DueField | None = None
    deadline: DueField | None = None
    duration: Duration | None = None
    checked: bool = False
    is_completed: bool = False
    is_deleted: bool = False
    child_order: int = 0
    completed_at: str | None = None
    date_completed: str | None = None
    added_at: str | None = None
    created_at: str | None = None
    date_added: str | None = None
    responsible_uid: Key = None
    assignee_id: Key = None


class Note(msgspec.Struct):
    """A comment on a task."""

    item_id: str
    content: str = ""
    file_attachment: dict[str, Any] | None = None
    is_deleted: bool = False


class ReminderRow(msgspec.Struct):
    """A reminder of a task."""

    item_id: str
    type: str = "relative"
    due: DueField | None = None
    minute_offset: int | None = None
    mm_offset: int | None = None
    is_deleted: bool = False


class Label(msgspec.Struct):
    """A label; old versions name it by ID in tasks."""

    id: str
    name: str


def read_todoist_json(document: Any, options: ImportOptions) -> FileContent:
    """Read a response of the API."""
    if isinstance(document, list):
        document = {"items": document}
    elif "items" not in document:
        document = {**document, "items": list_in(document, "results") or list_in(document, "tasks")}
    content = FileContent(format="todoist-json", source="todoist")
    read_places(document, content)
    labels = {
        row.id: row.name for row in rows_of(list_in(document, "labels"), Label, "label", content)
    }
    reader = PhraseReader(options)
    items = rows_of(list_in(document, "items"), Item, "item", content)
    known_lists = {each.key for each in content.lists}
    for item in sorted(items, key=lambda each: each.child_order):
        if item.is_deleted:
            content.left_out["deleted tasks"] += 1
            continue
        task = to_file_task(item, labels, reader, options, content)
        if task.list_key not in known_lists:
            task.list_key = None
        content.add_task(task)
    add_details(document, {task.key: task for task in content.tasks}, content, options)
    for name, noun in _LEFT_OUT.items():
        content.left_out[noun] += len(list_in(document, name))
    return content


def read_places(document: Any, content: FileContent) -> None:
    """Read projects and sections."""
    projects = rows_of(list_in(document, "projects"), Project, "project", content)
    for project in sorted(projects, key=lambda each: each.child_order):
        if project.is_deleted:
            continue
        content.left_out["nesting of projects"] += project.parent_id is not None
        content.lists.append(
            FileList(
                key=project.id,
                name=project.name,
                is_default=project.inbox_project or project.is_inbox_project,
                color=_COLORS.get(str(project.color)),
                archived_at=None,
            )
        )
        if project.is_archived:
            content.report(f"project {project.id}", project.name, "isn't archived any more")
    sections = rows_of(list_in(document, "sections"), Section, "section", content)
    for section in sorted(sections, key=lambda each: each.section_order):
        if not section.is_deleted:
            content.sections.append(
                FileSection(key=section.id, list_key=section.project_id, name=section.name)
            )


def to_file_task(
    item: Item,
    labels: dict[str, str],
    reader: PhraseReader,
    options: ImportOptions,
    content: FileContent,
) -> FileTask:
    """Convert a task."""
    task = FileTask(
        key=item.id,
        place=f"item {item.id}",
        title=item.content,
        notes=item.description or "",
        list_key=str(item.project_id),
        section_key=key_text(item.section_id),
        parent_key=key_text(item.parent_id),
        priority=_PRIORITIES.get(item.priority, "none"),
        tags=[labels.get(str(label), str(label)) for label in item.labels],
    )
    if item.duration is not None:
        task.duration_minutes = read_minutes(str(item.duration.amount), item.duration.unit)
    if item.due is not None:
        set_due(task, to_date(item.due), reader, options, content)
    if item.deadline is not None:
        if task.due is None:
            set_due(task, to_date(item.deadline), reader, options, content)
        else:
            task.add_note(f"Deadline: {item.deadline.date}")
            content.report(task.place, task.title, "the deadline is in the notes")
    is_completed = item.checked or item.is_completed
    created = item.added_at or item.created_at or item.date_added
    completed = item.completed_at or item.date_completed
    try:
        task.created_at = read_instant(created or "", options.timezone)
        if is_completed:
            task.completed_at = read_instant(completed or "", options.timezone) or options.now
    except ValueError:
        content.report(task.place, task.title, "a time of creation or completion is malformed")
        task.completed_at = options.now if is_completed else None
    content.left_out["assignees"] += bool(item.responsible_uid or item.assignee_id)
    return task


def to_date(due: DueField) -> TodoistDate:
    """Convert a due date."""
    return TodoistDate(
        text=due.string or "",
        date=due.datetime or due.date or "",
        language=due.lang or "",
        timezone=due.timezone,
        is_recurring=due.is_recurring,
    )


def key_text(key: Key) -> str | None:
    """Return an ID as text; old versions have 0 for none."""
    return str(key) if key else None


def add_details(
    document: Any, tasks: dict[str, FileTask], content: FileContent, options: ImportOptions
) -> None:
    """Add comments, as notes, and reminders to their tasks."""
    for note in rows_of(list_in(document, "notes"), Note, "note", content):
        content.left_out["attachments"] += note.file_attachment is not None
        if note.is_deleted or not note.content.strip():
            continue
        if (task := tasks.get(note.item_id)) is not None:
            task.add_note(f"Comment: {note.content}")
        else:
            content.left_out["comments on tasks that the file doesn't have"] += 1
    for row in rows_of(list_in(document, "reminders"), ReminderRow, "reminder", content):
        task = tasks.get(row.item_id)
        offset = row.minute_offset if row.minute_offset is not None else row.mm_offset
        if row.is_deleted or task is None:
            continue
        if row.type == "relative" and offset is not None:
            task.reminders.append(FileReminder(minutes_before=offset))
            continue
        try:
            moment = (row.due.datetime or row.due.date or "") if row.due else ""
            at = read_instant(moment, options.timezone)
        except ValueError:
            at = None
        if row.type == "absolute" and at is not None:
            task.reminders.append(FileReminder(at=at))
        else:
            content.report(task.place, task.title, f"a {row.type[:20]} reminder was left out")

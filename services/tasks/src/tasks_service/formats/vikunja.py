"""Vikunja's export: a ZIP file with `data.json`, a list of projects with their tasks.

Fields are those of Vikunja's models as JSON; a time in the year 1 stands for none. IDs are only
unique in one installation, so a task is identified by its ID and the time of its creation.
"""

from collections import Counter
from collections.abc import Iterator
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
from tasks_service.formats.json_rows import rows_of
from tasks_service.formats.values import nearest_color, plain_text, read_due, read_instant
from todochat.contracts.tasks import Due, Priority, Repeat

_PRIORITIES: Final[tuple[Priority, ...]] = ("none", "low", "medium", "high", "high", "high")
_INBOX: Final = "Inbox"
_MONTHLY: Final = 1
_FROM_COMPLETION: Final = 2
_UNITS: Final = (("WEEKLY", 604_800), ("DAILY", 86_400), ("HOURLY", 3_600))
_PARENT: Final = "parenttask"
_CHILD: Final = "subtask"
_MAX_DEPTH: Final = 50


class Label(msgspec.Struct):
    """A label."""

    title: str


class Bucket(msgspec.Struct):
    """A column of a board."""

    id: int
    title: str
    position: float = 0


class TaskBucket(msgspec.Struct):
    """The column of a task."""

    task_id: int
    bucket_id: int


class ReminderRow(msgspec.Struct):
    """A reminder; its period is in seconds, negative before what it relates to."""

    reminder: str = ""
    relative_period: int = 0
    relative_to: str | None = None


class Comment(msgspec.Struct):
    """A comment on a task."""

    comment: str


class TaskRow(msgspec.Struct, kw_only=True):
    """A task; newer versions have a rule in `repeats`, older ones `repeat_after` in seconds."""

    id: int
    title: str
    description: str | None = None
    done: bool = False
    done_at: str | None = None
    due_date: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    created: str | None = None
    priority: int = 0
    repeat_after: int = 0
    repeat_mode: int = 0
    repeats: str | None = None
    repeats_from_current_date: bool = False
    reminders: list[ReminderRow] | None = None
    reminder_dates: list[str] | None = None
    labels: list[Label] | None = None
    bucket_id: int = 0
    is_favorite: bool = False
    percent_done: float = 0
    hex_color: str | None = None
    assignees: list[Any] | None = None
    attachments: list[Any] | None = None
    comments: list[Comment] | None = None
    related_tasks: dict[str, list[dict[str, Any]] | None] | None = None


class ProjectRow(msgspec.Struct, kw_only=True):
    """A project."""

    id: int
    title: str
    description: str | None = None
    created: str | None = None
    is_archived: bool = False
    hex_color: str | None = None
    parent_project_id: int = 0
    background_file_id: int = 0
    tasks: list[Any] | None = None
    buckets: list[Bucket] | None = None
    task_buckets: list[TaskBucket] | None = None
    child_projects: list[Any] | None = None


def read_vikunja(document: Any, options: ImportOptions, filters: list[Any]) -> FileContent:
    """Read the projects of an export.

    Args:
        filters: the saved filters, which are left out.
    """
    content = FileContent(format="vikunja", source="vikunja")
    content.left_out["filters"] += len(filters)
    children: dict[str, str] = {}  # keys of subtasks by parents' IDs, of either relation
    for project in projects_in(document, content):
        list_key = f"{project.id}:{project.created}"
        content.lists.append(
            FileList(
                key=list_key,
                name=project.title,
                is_default=project.title == _INBOX,
                color=nearest_color(project.hex_color or ""),
                archived_at=options.now if project.is_archived else None,
            )
        )
        content.left_out["descriptions of projects"] += bool(project.description)
        content.left_out["nesting of projects"] += bool(
            project.parent_project_id or project.child_projects
        )
        content.left_out["backgrounds of projects"] += bool(project.background_file_id)
        rows = list(rows_of(project.tasks or [], TaskRow, "task", content))
        sections = read_buckets(project, rows, list_key, content)
        for row in rows:
            task = to_file_task(row, options, content)
            task.list_key, task.section_key = list_key, sections.get(row.id)
            content.add_task(task)
            note_relations(row, task, children, content)
    ids = {task.key.partition(":")[0]: task.key for task in content.tasks}
    for task in content.tasks:
        parent = task.parent_key or children.get(task.key.partition(":")[0])
        task.parent_key = None if parent is None else ids.get(parent, parent)
    return content


def projects_in(document: Any, content: FileContent, depth: int = 0) -> Iterator[ProjectRow]:
    """Yield the projects, and those in them."""
    rows = document if isinstance(document, list) else [document]
    for project in rows_of(rows, ProjectRow, "project", content):
        yield project
        if project.child_projects and depth < _MAX_DEPTH:
            yield from projects_in(project.child_projects, content, depth + 1)


def read_buckets(
    project: ProjectRow, rows: list[TaskRow], list_key: str, content: FileContent
) -> dict[int, str]:
    """Add the columns that divide a project's tasks as sections; return those of its tasks."""
    bucket_of = {row.id: row.bucket_id for row in rows if row.bucket_id}
    bucket_of |= {each.task_id: each.bucket_id for each in project.task_buckets or []}
    used = Counter(bucket_of.get(row.id) for row in rows)
    if len(used) < 2:
        return {}
    keys = {}
    for bucket in sorted(project.buckets or [], key=lambda each: each.position):
        if used[bucket.id]:
            keys[bucket.id] = f"{list_key}:{bucket.id}"
            content.sections.append(
                FileSection(key=keys[bucket.id], list_key=list_key, name=bucket.title)
            )
    return {task_id: keys[bucket] for task_id, bucket in bucket_of.items() if bucket in keys}


def to_file_task(row: TaskRow, options: ImportOptions, content: FileContent) -> FileTask:
    """Convert a task."""
    task = FileTask(
        key=f"{row.id}:{row.created}",
        place=f"task {row.id}",
        title=row.title,
        notes=plain_text(row.description or ""),
        priority=_PRIORITIES[max(0, min(row.priority, len(_PRIORITIES) - 1))],
        tags=[label.title for label in row.labels or []],
        is_pinned=row.is_favorite,
    )

    def moment(text: str | None, name: str) -> Due | None:
        try:
            return read_due(text or "", options.timezone)
        except ValueError:
            content.report(task.place, row.title, f'the {name} "{str(text)[:40]}" is malformed')
            return None

    due, start = moment(row.due_date, "due date"), moment(row.start_date, "start date")
    end = moment(row.end_date, "end date")
    task.due, task.start = due or end, start
    if end is not None and due is not None and end != due:
        content.left_out["end dates"] += 1
    if (created := moment(row.created, "time of creation")) is not None:
        task.created_at = created.at
    if row.done:
        done = moment(row.done_at, "time of completion")
        task.completed_at = (done and done.at) or options.now
    set_repeat(task, row, content)
    set_reminders(task, row, options, content)
    for comment in row.comments or []:
        task.add_note(f"Comment: {plain_text(comment.comment)}")
    content.left_out["assignees"] += len(row.assignees or [])
    content.left_out["attachments"] += len(row.attachments or [])
    content.left_out["colors of tasks"] += bool(row.hex_color)
    content.left_out["progress of tasks"] += 0 < row.percent_done < 1
    return task


def set_repeat(task: FileTask, row: TaskRow, content: FileContent) -> None:
    """Set the repetition."""
    from_completion = row.repeats_from_current_date or row.repeat_mode == _FROM_COMPLETION
    rule = row.repeats or ""
    if not rule and row.repeat_mode == _MONTHLY:
        rule = "FREQ=MONTHLY"
    elif not rule and row.repeat_after > 0:
        found = [(name, row.repeat_after // s) for name, s in _UNITS if row.repeat_after % s == 0]
        if not found:
            reason = f"the repetition after {row.repeat_after} seconds was left out"
            content.report(task.place, task.title, reason)
            return
        rule = "FREQ={};INTERVAL={}".format(*found[0])
    if rule:
        task.repeat = Repeat(rule=rule, base="completion" if from_completion else "due")


def set_reminders(
    task: FileTask, row: TaskRow, options: ImportOptions, content: FileContent
) -> None:
    """Set the reminders."""
    rows = [*(row.reminders or []), *(ReminderRow(at) for at in row.reminder_dates or [])]
    for each in rows:
        if each.relative_to == "due_date" and each.relative_period <= 0:
            task.reminders.append(FileReminder(minutes_before=-each.relative_period // 60))
            continue
        try:
            at = read_instant(each.reminder, options.timezone)
        except ValueError:
            at = None
        if at is None:
            content.report(task.place, task.title, "a reminder without a time was left out")
        else:
            task.reminders.append(FileReminder(at=at))


def note_relations(
    row: TaskRow, task: FileTask, children: dict[str, str], content: FileContent
) -> None:
    """Note the parent of a task, and its subtasks; other relations are left out."""
    for kind, related in (row.related_tasks or {}).items():
        ids = [str(each.get("id")) for each in related or []]
        if kind == _PARENT and ids:
            task.parent_key = ids[0]
        elif kind == _CHILD:
            children.update(dict.fromkeys(ids, str(row.id)))
        else:
            content.left_out["relations between tasks"] += len(ids)

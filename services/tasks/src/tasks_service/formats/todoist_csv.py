"""Todoist's CSV: one project in a file, or a backup, which is a ZIP file of these.

The columns are those of Todoist's help page on CSV files. Priority 1 is the highest. The rows have
no IDs: a task is identified by its place (project, section and parent) and its text.
"""

import re
from typing import Final

from tasks_service.domain.limits import MAX_DURATION_MINUTES
from tasks_service.formats.csv_rows import CsvRow, read_rows
from tasks_service.formats.file_content import FileContent, FileTask, ImportOptions
from tasks_service.formats.todoist_dates import PhraseReader, TodoistDate, set_due
from todochat.contracts.tasks import Priority

WANTED: Final = {"type", "content"}
_PRIORITIES: Final[dict[str, Priority]] = {"1": "high", "2": "medium", "3": "low"}
_LABEL: Final = re.compile(r"(?<!\S)@([^\s@]+)")
_FILE_NAME: Final = re.compile(r"(?:.*/)?(.+?)(?: \[\w+\])?\.csv", re.DOTALL)
_ATTACHMENT: Final = re.compile(r"\[\[file .*\]\]", re.DOTALL)
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1440}
_LEVELS: Final = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
_INBOX: Final = "Inbox"


def read_todoist_csv(text: str, options: ImportOptions) -> FileContent:
    """Read one project, whose name the file doesn't have."""
    content = FileContent(format="todoist-csv", source="todoist-csv")
    ProjectReader(content, options).read(text, None)
    return content


def read_todoist_backup(files: dict[str, str], options: ImportOptions) -> FileContent:
    """Read a backup: each file is a project, named "Name [ID].csv"."""
    content = FileContent(format="todoist-csv", source="todoist-csv")
    reader = ProjectReader(content, options)
    for name, text in files.items():
        matched = _FILE_NAME.fullmatch(name)
        project = matched[1] if matched else name
        reader.read(text, content.list_named(project, is_default=project == _INBOX))
    return content


class ProjectReader:
    """Reads the files of projects."""

    def __init__(self, content: FileContent, options: ImportOptions) -> None:
        self._content = content
        self._options = options
        self._phrases = PhraseReader(options)

    def read(self, text: str, list_key: str | None) -> None:
        """Read one project.

        Raises:
            UnreadableFileError: it isn't such a file.
        """
        section: str | None = None
        parents: list[FileTask] = []  # by level
        for row in read_rows(text, WANTED):
            match row["type"].strip().lower():
                case "task":
                    level = _LEVELS.get(row["indent"].strip(), 1)
                    del parents[level - 1 :]
                    parents.append(self._read_task(row, list_key, section, parents))
                case "section":
                    name = row["content"].strip()
                    section = self._content.section_named(list_key, name) if name else None
                    parents = []
                case "note":
                    self._read_note(row, parents[-1] if parents else None)
                case "meta" | "":
                    pass
                case unknown:
                    reason = f'the type "{unknown[:40]}" is unknown'
                    self._content.report(row.place, row["content"], reason, is_skipped=True)

    def _read_task(
        self, row: CsvRow, list_key: str | None, section: str | None, parents: list[FileTask]
    ) -> FileTask:
        content = self._content
        text = row["content"].strip().removeprefix("* ")  # marks what can't be completed
        title = " ".join(_LABEL.sub(" ", text).split()) or text
        parent = parents[-1] if parents else None
        task = FileTask(
            key=content.key_of(list_key or "", section or "", parent.key if parent else "", text),
            place=row.place,
            title=title,
            notes=row["description"].strip(),
            list_key=list_key,
            section_key=section,
            parent_key=parent.key if parent else None,
            priority=_PRIORITIES.get(row["priority"].strip(), "none"),
            tags=_LABEL.findall(text),
            duration_minutes=read_minutes(row["duration"], row["duration_unit"]),
        )
        date = TodoistDate(
            text=row["date"], language=row["date_lang"], timezone=row["timezone"].strip() or None
        )
        set_due(task, date, self._phrases, self._options, content)
        if deadline := row["deadline"].strip():
            if task.due is None:
                date = TodoistDate(text=deadline, language=row["deadline_lang"])
                set_due(task, date, self._phrases, self._options, content)
            else:
                task.add_note(f"Deadline: {deadline}")
                content.report(row.place, title, f"the deadline {deadline[:40]} is in the notes")
        content.left_out["assignees"] += bool(row["responsible"].strip())
        content.add_task(task)
        return task

    def _read_note(self, row: CsvRow, task: FileTask | None) -> None:
        text, attachments = _ATTACHMENT.subn("", row["content"])
        self._content.left_out["attachments"] += attachments
        if task is None:
            self._content.left_out["comments on projects"] += 1
        elif text.strip():
            task.add_note(f"Comment: {text.strip()}")


def read_minutes(amount: str, unit: str) -> int | None:
    """Return a duration in minutes; None if there is none."""
    amount = amount.strip()
    if not (amount.isascii() and amount.isdigit() and len(amount) < len(str(MAX_DURATION_MINUTES))):
        return None
    return int(amount) * _MINUTES.get(unit.strip().lower(), 1) or None

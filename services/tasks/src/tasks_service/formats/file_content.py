"""The contents of an imported file, in the terms of this service, and what was lost on the way."""

import datetime as dt
import hashlib
from collections import Counter
from typing import Final, Literal, get_args

import msgspec

from tasks_service.domain.due import DEFAULT_TIMEZONE
from tasks_service.domain.limits import MAX_IMPORT_TASKS
from tasks_service.errors import FileTooLargeError
from todochat.contracts.tasks import Color, Due, Icon, Priority, Repeat

FileFormat = Literal[
    "json", "csv", "todoist-csv", "todoist-json", "vikunja", "ticktick", "icalendar"
]
FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)
# Exports of this service in any format name the same tasks by the same keys.
OWN_SOURCE: Final = "todochat"

_MAX_EXCERPT: Final = 80


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Choices of the user.

    Attributes:
        format: None recognizes it.
        timezone: of local times without a zone.
        list_name: list of tasks for which the file names none; None is the default list.
        now: what "tomorrow" in a file relates to.
    """

    format: FileFormat | None = None
    timezone: str = DEFAULT_TIMEZONE
    list_name: str | None = None
    now: dt.datetime


class FileList(msgspec.Struct, kw_only=True):
    """A list in a file; `key` identifies it in the file and in later files of the source."""

    key: str
    name: str
    is_default: bool = False
    color: Color | None = None
    icon: Icon | None = None
    position: str | None = None
    archived_at: dt.datetime | None = None


class FileSection(msgspec.Struct, kw_only=True):
    """A section in a file, in the order of its list."""

    key: str
    list_key: str | None
    name: str


class FileReminder(msgspec.Struct, kw_only=True, frozen=True):
    """A reminder in a file: at an instant, or minutes before the task is due."""

    at: dt.datetime | None = None
    minutes_before: int | None = None


class FileTask(msgspec.Struct, kw_only=True):
    """A task in a file.

    Attributes:
        place: where it is in the file, for the report.
        list_key: None is the list of `ImportOptions`.
        position: manual order within the list; None keeps the order of the file.
        series_key, next_key: as `series_id` and `next_id` of a task.
    """

    key: str
    place: str
    title: str
    notes: str = ""
    list_key: str | None = None
    section_key: str | None = None
    parent_key: str | None = None
    priority: Priority = "none"
    due: Due | None = None
    start: Due | None = None
    duration_minutes: int | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    is_pinned: bool = False
    repeat: Repeat | None = None
    reminders: list[FileReminder] = msgspec.field(default_factory=list)
    completed_at: dt.datetime | None = None
    created_at: dt.datetime | None = None
    position: str | None = None
    series_key: str | None = None
    next_key: str | None = None

    def add_note(self, text: str) -> None:
        """Add a paragraph to the notes."""
        self.notes = f"{self.notes}\n\n{text}" if self.notes else text

    def digest(self) -> str:
        """Return a hash that differs if the task in a later file differs."""
        fields = msgspec.structs.asdict(self)
        del fields["place"], fields["position"]
        return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()[:16]


class FileFilter(msgspec.Struct, kw_only=True):
    """A saved filter in a file."""

    key: str
    name: str
    filter: str


class FileTag(msgspec.Struct, kw_only=True):
    """A tag in a file that has a colour, or that no task has."""

    name: str
    color: Color | None = None


class FileIssue(msgspec.Struct, frozen=True, kw_only=True):
    """A row that isn't imported, or not completely."""

    place: str
    title: str
    reason: str
    is_skipped: bool = False


class FileContent(msgspec.Struct, kw_only=True):
    """The contents of a file.

    Attributes:
        source: joins files whose keys identify the same things.
        encoding: of the text; None if it wasn't guessed.
        left_out: numbers of things of kinds that aren't imported.
    """

    format: FileFormat
    source: str
    encoding: str | None = None
    lists: list[FileList] = msgspec.field(default_factory=list)
    sections: list[FileSection] = msgspec.field(default_factory=list)
    tasks: list[FileTask] = msgspec.field(default_factory=list)
    filters: list[FileFilter] = msgspec.field(default_factory=list)
    tags: list[FileTag] = msgspec.field(default_factory=list)
    issues: list[FileIssue] = msgspec.field(default_factory=list)
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    _seen: Counter[str] = msgspec.field(default_factory=Counter)

    def add_task(self, task: FileTask) -> None:
        """Add a task.

        Raises:
            FileTooLargeError: there are more than 10,000.
        """
        if len(self.tasks) >= MAX_IMPORT_TASKS:
            msg = f"A file can have at most {MAX_IMPORT_TASKS} tasks; split it."
            raise FileTooLargeError(msg)
        self.tasks.append(task)

    def list_named(self, name: str, *, is_default: bool = False) -> str:
        """Return the key of the list with a name, which identifies it; add it if it's missing."""
        if not any(each.key == name for each in self.lists):
            self.lists.append(FileList(key=name, name=name, is_default=is_default))
        return name

    def section_named(self, list_key: str | None, name: str) -> str:
        """Return the key of the section with a name in a list; add it if it's missing."""
        key = hash_key(list_key or "", name)
        if not any(each.key == key for each in self.sections):
            self.sections.append(FileSection(key=key, list_key=list_key, name=name))
        return key

    def key_of(self, *parts: str) -> str:
        """Return a key for something without an ID; equal ones are numbered in their order."""
        key = hash_key(*parts)
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}-{self._seen[key]}"

    def report(self, place: str, title: str, reason: str, *, is_skipped: bool = False) -> None:
        """Add an issue."""
        self.issues.append(
            FileIssue(
                place=place[:_MAX_EXCERPT],
                title=title.strip()[:_MAX_EXCERPT],
                reason=reason,
                is_skipped=is_skipped,
            )
        )


def hash_key(*parts: str) -> str:
    """Return a key made of the parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]

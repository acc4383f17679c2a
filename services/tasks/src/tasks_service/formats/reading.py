"""Reads a file of any supported format, which it recognizes by its contents."""

from typing import Any, Final

from task_phrases.time_limit import time_limit
from tasks_service.errors import SlowFileError, UnknownFormatError
from tasks_service.formats import own_csv, ticktick, todoist_csv
from tasks_service.formats.calendar_todos import OPENING, read_todos
from tasks_service.formats.csv_rows import find_header
from tasks_service.formats.file_content import FORMATS, FileContent, FileFormat, ImportOptions
from tasks_service.formats.file_text import decode_text, read_archive
from tasks_service.formats.fitting import fit_content, fit_keys, flatten_subtasks
from tasks_service.formats.json_rows import list_in, parse_json
from tasks_service.formats.own_json import read_own_json
from tasks_service.formats.todoist_json import read_todoist_json
from tasks_service.formats.vikunja import read_vikunja

READING_LIMIT_S: Final = 30.0  # CPU time
_ARCHIVE: Final = b"PK\x03\x04"
_VIKUNJA_DATA: Final = "data.json"
_VIKUNJA_FILTERS: Final = "filters.json"


def read_file(data: bytes, options: ImportOptions) -> FileContent:
    """Read a file, make what it has fit this service, and report what that takes away.

    Raises:
        UnknownFormatError: it isn't a file of the wanted, or of any supported format.
        UnreadableFileError: it is damaged.
        FileTooLargeError: it has too many tasks, or unpacks to too much.
        SlowFileError: reading takes more than 30 seconds of CPU time.
    """
    try:
        with time_limit(READING_LIMIT_S):
            if data.startswith(_ARCHIVE):
                content = read_packed(data, options)
            else:
                text, encoding = decode_text(data)
                content = read_text(text, options)
                content.encoding = encoding
            fit_keys(content)
            fit_content(content, options.now)
            flatten_subtasks(content)
    except TimeoutError as error:
        raise SlowFileError from error
    return content


def read_packed(data: bytes, options: ImportOptions) -> FileContent:
    """Read an archive: an export of Vikunja, or a backup of Todoist.

    Raises:
        UnknownFormatError: it is neither.
    """
    members = read_archive(data, (_VIKUNJA_DATA, _VIKUNJA_FILTERS, ".csv"))
    if _VIKUNJA_DATA in members and options.format in (None, "vikunja"):
        filters = parse_json(members.get(_VIKUNJA_FILTERS) or b"[]")
        projects = parse_json(members[_VIKUNJA_DATA])
        return read_vikunja(projects, options, filters if isinstance(filters, list) else [])
    tables = {
        name: decode_text(member)[0] for name, member in members.items() if name.endswith(".csv")
    }
    if tables and options.format in (None, "todoist-csv"):
        return todoist_csv.read_todoist_backup(tables, options)
    raise UnknownFormatError(FORMATS)


def read_text(text: str, options: ImportOptions) -> FileContent:
    """Read a text file.

    Raises:
        UnknownFormatError: it isn't of the wanted, or of any supported format.
    """
    stripped = text.lstrip()
    if stripped[: len(OPENING)].upper() == OPENING:
        found: FileFormat | None = "icalendar"
    elif stripped[:1] in ("{", "["):
        document = parse_json(text)
        if isinstance(document, dict) and isinstance(document.get("tasks"), dict):
            document = document["tasks"]  # of the export of all services
        found = json_format(document)
        if found is not None and options.format in (None, found):
            return read_document(found, document, options)
    else:
        found = table_format(text)
    if found is None or options.format not in (None, found):
        raise UnknownFormatError(FORMATS)
    match found:
        case "icalendar":
            return read_todos(text, options)
        case "ticktick":
            return ticktick.read_ticktick(text, options)
        case "todoist-csv":
            return todoist_csv.read_todoist_csv(text, options)
        case _:
            return own_csv.read_own_csv(text, options)


def read_document(found: FileFormat, document: Any, options: ImportOptions) -> FileContent:
    """Read a JSON document of a known format."""
    match found:
        case "json":
            return read_own_json(document)
        case "vikunja":
            return read_vikunja(document, options, [])
        case _:
            return read_todoist_json(document, options)


def json_format(document: Any) -> FileFormat | None:
    """Return the format of a JSON document; None if it is unknown."""
    if isinstance(document, dict):
        if isinstance(document.get("lists"), list) and isinstance(document.get("tasks"), list):
            return "json"
        names = ("items", "results", "projects", "tasks")
        return "todoist-json" if any(list_in(document, name) for name in names) else None
    rows = [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []
    if any("content" in row for row in rows):
        return "todoist-json"
    if any("tasks" in row or "buckets" in row for row in rows):
        return "vikunja"
    return None


def table_format(text: str) -> FileFormat | None:
    """Return the format of a CSV file; None if no row is a known header.

    Raises:
        UnreadableFileError: it isn't CSV.
    """
    wanted: dict[FileFormat, set[str]] = {
        "ticktick": ticktick.WANTED,
        "todoist-csv": todoist_csv.WANTED,
        "csv": own_csv.WANTED,
    }
    return next((name for name in wanted if find_header(text, wanted[name]) is not None), None)

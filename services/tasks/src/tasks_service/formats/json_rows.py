"""Rows of JSON documents: each is decoded alone, so that a bad one doesn't spoil the file."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec

from task_phrases.time_limit import time_left
from tasks_service.errors import UnreadableFileError
from tasks_service.formats.file_content import FileContent

T = TypeVar("T", bound=msgspec.Struct)

_TIME_CHECKED_EVERY: Final = 500


def parse_json(text: str | bytes) -> Any:
    """Parse a document.

    Raises:
        UnreadableFileError: it isn't JSON, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"The file isn't valid JSON: {error}."
        raise UnreadableFileError(msg) from error


def list_in(document: Any, name: str) -> list[Any]:
    """Return a list that a document may lack."""
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, list) else []


def rows_of(rows: list[Any], row_type: type[T], kind: str, content: FileContent) -> Iterator[T]:
    """Yield the decoded rows; report those that are malformed.

    Raises:
        TimeoutError: the time limit has passed.
    """
    for index, row in enumerate(rows):
        if index % _TIME_CHECKED_EVERY == 0:
            time_left()
        try:
            yield msgspec.convert(row, row_type, strict=False)
        except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
            named = row if isinstance(row, dict) else {}
            title = named.get("title") or named.get("content") or named.get("name") or ""
            place = f"{kind} {named.get('id', index + 1)}"
            content.report(place, str(title), f"is malformed: {error}", is_skipped=True)

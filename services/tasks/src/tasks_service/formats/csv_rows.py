"""Rows of CSV files, by the names of their columns."""

import csv
import io
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import msgspec

from task_phrases.time_limit import time_left
from tasks_service.errors import UnreadableFileError
from tasks_service.formats.file_content import FileContent, FileTask

T = TypeVar("T")

_DELIMITERS: Final = (",", ";", "\t")
_MAX_PREAMBLE: Final = 30  # rows before the header
_TIME_CHECKED_EVERY: Final = 500


class CsvRow(msgspec.Struct, frozen=True):
    """A row; columns that it lacks are empty.

    Attributes:
        line: the line of the file on which it ends.
    """

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def place(self) -> str:
        """Its place, for the report."""
        return f"line {self.line}"


def read_cell(
    row: CsvRow,
    column: str,
    parse: Callable[[str], T],
    task: FileTask,
    content: FileContent,
) -> T | None:
    """Return the value of a cell; None if it is empty, or malformed, which is reported."""
    cell = row[column].strip()
    if not cell:
        return None
    try:
        return parse(cell)
    except ValueError:  # msgspec's error is one, too
        content.report(row.place, task.title, f'{column} "{cell[:40]}" is malformed')
        return None


def find_header(text: str, wanted: set[str]) -> tuple[str, int] | None:
    """Return the delimiter, and how many rows precede the header that has the wanted columns.

    Names are compared in lower case.

    Raises:
        UnreadableFileError: the file isn't CSV.
    """
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            for index, row in zip(range(_MAX_PREAMBLE), reader, strict=False):
                if wanted <= {cell.strip().lower() for cell in row}:
                    return delimiter, index
        except csv.Error as error:
            msg = f"Line {reader.line_num}: {error}."
            raise UnreadableFileError(msg) from error
    return None


def read_rows(text: str, wanted: set[str]) -> Iterator[CsvRow]:
    """Yield the rows after the header, without empty ones; columns are in lower case.

    Raises:
        UnreadableFileError: there is no header with the wanted columns, or a row is malformed.
        TimeoutError: the time limit has passed.
    """
    found = find_header(text, wanted)
    if found is None:
        msg = f"There is no header with the columns {', '.join(sorted(wanted))}."
        raise UnreadableFileError(msg)
    delimiter, preamble = found
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for _ in range(preamble):
            next(reader)
        names = [name.strip().lower() for name in next(reader)]
        for index, row in enumerate(reader):
            if index % _TIME_CHECKED_EVERY == 0:
                time_left()
            if any(cell.strip() for cell in row):
                yield CsvRow(reader.line_num, dict(zip(names, row, strict=False)))
    except csv.Error as error:
        msg = f"Line {reader.line_num}: {error}."
        raise UnreadableFileError(msg) from error

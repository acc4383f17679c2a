"""Reads the end of a log file, and follows one across rotation."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

TAIL_BYTES: Final = 65_536
READ_BYTES: Final = 262_144


def read_tail(path: Path, lines: int, since: int = 0) -> list[str]:
    """Return the last lines of a file.

    Args:
        since: skip everything before this position, unless the file has been rotated since.
    """
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        begin = since if since <= size else 0
        file.seek(max(begin, size - TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-lines:]


class LogFollower:
    """Yields the complete lines added since the last call; never blocks.

    Args:
        from_end: skip existing lines.
    """

    def __init__(self, path: Path, *, from_end: bool) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._from_end = from_end and path.exists()

    def new_lines(self) -> Iterator[str]:
        """Yield new lines; a rotated file is read to its end first."""
        if self._file is None and not self._open():
            return
        yield from self._read()
        try:
            current = self._path.stat().st_ino
        except FileNotFoundError:
            return  # between two renames
        if self._file is not None and current != os.fstat(self._file.fileno()).st_ino:
            self.close()
            if self._open():
                yield from self._read()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            return False
        if self._from_end:
            self._file.seek(0, os.SEEK_END)
            self._from_end = False
        return True

    def _read(self) -> Iterator[str]:
        while self._file is not None and (data := self._file.read(READ_BYTES)):
            *whole, self._rest = (self._rest + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)

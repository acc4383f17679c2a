"""Files that only their owner may read: atomic JSON files, and locks between processes."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, Final

LOCK_POLL_S: Final = 0.05


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file; None if there is none, as after power loss."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace a file atomically; only its owner may read it.

    Args:
        durable: sync the file and its folder before returning, for data that can't be recreated.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def lock_within(fd: int, timeout_s: float, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock a file with flock, polling until the timeout; return whether it is locked.

    Args:
        timeout_s: 0 makes one attempt.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOCK_POLL_S)
        else:
            return True

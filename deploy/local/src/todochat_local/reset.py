"""`todochat reset`: delete all data."""

import shutil
from collections.abc import Callable

from todochat_local.engine_home import outside_dir
from todochat_local.layout import DataDir, DataDirError
from todochat_local.lock import Lock


def delete_data(data: DataDir, say: Callable[[str], None]) -> int:
    """Delete the data directory and what belongs to it elsewhere; return the exit code.

    The lock is held throughout: what a killed launcher left has ended before its data goes, and
    nothing starts on half of it.
    """
    if not data.exists():
        say(f"nothing to delete: {data.path} is not a data directory of todochat")
        return 0
    lock = Lock(data)
    try:
        lock.acquire(say)
    except DataDirError as error:
        say(str(error))
        return 1
    try:
        _delete(data)
    except OSError as error:
        say(f"can't delete {error.filename}: {error.strerror}")
        return 1
    finally:
        lock.release()
    say(f"deleted {data.path}")
    return 0


def _delete(data: DataDir) -> None:
    """Delete the lock last: with it, what is left after an error is still known as ours."""
    outside = outside_dir(data)
    if outside.exists():
        shutil.rmtree(outside)
    for entry in data.path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != data.lock:
            entry.unlink()
    data.lock.unlink()
    data.path.rmdir()

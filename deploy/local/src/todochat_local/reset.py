"""`todochat reset`: deletes all data."""

import shutil
from collections.abc import Callable

from todochat_local.data_dir import DataDir, DataDirError
from todochat_local.engine_home import outside_dir
from todochat_local.lock import DataDirLock


def delete_data(data: DataDir, write: Callable[[str], None]) -> int:
    """Delete the data directory and its folder outside; return the exit code.

    The lock is held throughout: the processes of a killed launcher have ended before their data is
    deleted, and no launcher starts on half of it.
    """
    if not data.exists():
        write(f"nothing to delete: {data.path} is not a data directory of todochat")
        return 0
    lock = DataDirLock(data)
    try:
        lock.acquire(write)
    except DataDirError as error:
        write(str(error))
        return 1
    try:
        outside = outside_dir(data)
        if outside.exists():
            shutil.rmtree(outside)
        for entry in data.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != data.lock:
                entry.unlink()
        data.lock.unlink()  # last: after an error, the rest still counts as a data directory
        data.path.rmdir()
    except OSError as error:
        write(f"can't delete {error.filename}: {error.strerror}")
        return 1
    finally:
        lock.release()
    write(f"deleted {data.path}")
    return 0

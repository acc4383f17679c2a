"""`todochat reset`: delete all data."""

import shutil
from collections.abc import Callable

from todochat_local.engine_home import outside_dir
from todochat_local.layout import DataDir
from todochat_local.lock import holder


def delete_data(data: DataDir, say: Callable[[str], None]) -> int:
    """Delete the data directory and what belongs to it elsewhere; return the exit code."""
    if not data.exists():
        say(f"nothing to delete: {data.path} is not a data directory of todochat")
        return 0
    pid = holder(data)
    if pid is not None:
        say(f"todochat runs on {data.path} (process {pid}): stop it first, `todochat down`")
        return 1
    try:
        for folder in (outside_dir(data), data.path):
            if folder.exists():
                shutil.rmtree(folder)
    except OSError as error:
        say(f"can't delete {error.filename}: {error.strerror}")
        return 1
    say(f"deleted {data.path}")
    return 0

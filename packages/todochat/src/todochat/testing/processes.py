"""Finds the processes that belong to a data directory."""

from pathlib import Path

import psutil


def processes_using(folder: Path, variable: str) -> list[psutil.Process]:
    """Return the running processes with this folder in the command line or in a variable.

    Zombies don't count.
    """
    return [each for each in psutil.process_iter() if _is_using(each, str(folder), variable)]


def _is_using(process: psutil.Process, path: str, variable: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        is_named = any(part.startswith(path) for part in process.cmdline())
        return is_named or process.environ().get(variable) == path
    except psutil.Error:
        return False

"""How a command of ours is typed: people rarely have a virtual environment on their PATH."""

import shlex
import shutil
import sysconfig
from pathlib import Path

from todochat_local.layout import DEFAULT_DATA_DIR, DataDir


def typed(command: str, data: DataDir) -> str:
    """Return a command as it can be typed here, for the data that is meant."""
    options = [] if data.path == Path(DEFAULT_DATA_DIR).absolute() else ["--data-dir", data.path]
    words = [_program(), command, *options]
    return " ".join(shlex.quote(str(word)) for word in words)


def _program() -> str:
    """Return `todochat` if that finds us, else its path, from the current folder if we are there."""
    ours = Path(sysconfig.get_path("scripts")) / "todochat"
    found = shutil.which("todochat")
    if not ours.exists() or (found and Path(found).samefile(ours)):
        return "todochat"
    return str(ours.relative_to(Path.cwd()) if ours.is_relative_to(Path.cwd()) else ours)

"""Spells a `todochat` command as the user can type it, with or without an active environment."""

import shlex
import shutil
import sysconfig
from pathlib import Path

from todochat_local.data_dir import DEFAULT_DATA_DIR, DataDir


def shell_command(command: str, data: DataDir) -> str:
    """Return the command line of a `todochat` command for a data directory.

    The program is `todochat` if the PATH leads to this installation, else its path, relative if it
    is below the current folder.
    """
    program = Path(sysconfig.get_path("scripts")) / "todochat"
    found = shutil.which("todochat")
    if not program.exists() or (found and Path(found).samefile(program)):
        program = Path("todochat")
    elif program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    options = [] if data.path == Path(DEFAULT_DATA_DIR).absolute() else ["--data-dir", data.path]
    return " ".join(shlex.quote(str(word)) for word in (program, command, *options))

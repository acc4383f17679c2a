"""Maps the last log lines of a service that could not start to a remedy."""

import re
from collections.abc import Sequence
from typing import Final

from todochat_local.data_dir import DataDir
from todochat_local.shell_command import shell_command

DEFAULT: Final = "`{doctor}` checks this machine"
_HINTS: Final = (
    (
        r"address already in use|could not bind",
        "another program took its port; start again",
    ),
    (r"No module named|ModuleNotFoundError", "a package is missing: `make .venv` installs it"),
    (r"setting \w+|SettingsError", "correct that environment variable and start again"),
    (r"No space left on device", "the disk is full"),
    (
        r"password authentication failed",
        "the database's passwords differ from those in secrets.json",
    ),
    (
        r"database files are incompatible|initialized by PostgreSQL version",
        (
            "another version of PostgreSQL created the data: run that version's `pg_dump`, "
            "or delete all data with `{reset}`"
        ),
    ),
    (
        r"Can't locate revision",
        "the data is newer than this code: use the newer code, or delete all data with `{reset}`",
    ),
    (r"Permission denied|Operation not permitted", "a file belongs to another user"),
    (r"Cannot allocate memory|could not map anonymous shared memory", "not enough memory"),
)


def hint_for(lines: Sequence[str], data: DataDir) -> str:
    """Return the hint for the last line that matches a known problem."""
    commands = {name: shell_command(name, data) for name in ("doctor", "reset")}
    for line in reversed(lines):
        for pattern, hint in _HINTS:
            if re.search(pattern, line, re.IGNORECASE):
                return hint.format(**commands)
    return DEFAULT.format(**commands)

"""What to do about a service that could not start, from what it said last."""

import re
from collections.abc import Sequence
from typing import Final

from todochat_local.layout import DataDir
from todochat_local.spelling import typed

DEFAULT: Final = "`{doctor}` checks this machine"
_HINTS: Final = (
    (
        r"address already in use|could not bind",
        "another program took its port in the meantime; start again",
    ),
    (r"No module named|ModuleNotFoundError", "a package is missing: `make .venv` installs all"),
    (r"setting \w+|SettingsError", "correct that environment variable and start again"),
    (r"No space left on device", "the disk is full"),
    (r"password authentication failed", "the database has other passwords than secrets.json"),
    (
        r"database files are incompatible|initialized by PostgreSQL version",
        (
            "the data was made by another version of PostgreSQL: `pg_dump` it with that version, "
            "or start anew with `{reset}`"
        ),
    ),
    (
        r"Can't locate revision",
        "the data is newer than this code: use the newer code, or `{reset}`",
    ),
    (r"Permission denied|Operation not permitted", "a file belongs to another user"),
    (r"Cannot allocate memory|could not map anonymous shared memory", "memory is short"),
)


def hint_for(lines: Sequence[str], data: DataDir) -> str:
    """Return the hint for the latest line that has one."""
    commands = {name: typed(name, data) for name in ("doctor", "reset")}
    for line in reversed(lines):
        for pattern, hint in _HINTS:
            if re.search(pattern, line, re.IGNORECASE):
                return hint.format(**commands)
    return DEFAULT.format(**commands)

"""`todochat admin ...`: the services' own commands, with the settings of the running stack."""

import os
import sys
from collections.abc import Mapping, Sequence

from todochat.private_files import read_json_object
from todochat_local.layout import DataDir
from todochat_local.lock import holder
from todochat_local.python_process import python_command
from todochat_local.spelling import typed


def run_admin(data: DataDir, environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Become `python -m todo_agent usage ...`, or else `python -m auth_session admin ...`.

    Returns only if nothing runs.
    """
    environments = read_json_object(data.admin_environment) if holder(data) else None
    module, *first = ("todo_agent",) if arguments[:1] == ["usage"] else ("auth_session", "admin")
    settings = (environments or {}).get(module)
    if settings is None:
        sys.stderr.write(f"nothing runs on {data.path}; `{typed('up', data)}` starts it\n")
        return 1
    command = python_command(module, *first, *arguments)
    os.execve(command[0], command, {**environ, **settings})  # noqa: S606 - becomes it
    return 0

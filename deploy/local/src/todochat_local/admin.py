"""`todochat admin ...`: runs a service's admin command with the settings of the running stack."""

import os
import sys
from collections.abc import Mapping, Sequence

from todochat.private_files import read_json_object
from todochat_local.data_dir import DataDir
from todochat_local.lock import launcher_pid
from todochat_local.python_process import python_command
from todochat_local.shell_command import shell_command


def run_admin(data: DataDir, environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Replace this process with `python -m auth_session admin ...`, or a command of todo_agent.

    `usage` and `threads import` are todo_agent's. Returns 1 if no stack is running.
    """
    environments = read_json_object(data.admin_environment) if launcher_pid(data) else None
    module, *first = "auth_session", "admin"
    if arguments[:1] == ["usage"]:
        module, *first = ("todo_agent",)
    elif arguments[:2] == ["threads", "import"]:
        module, *first = "todo_agent", "import-threads"
        arguments = arguments[2:]
    settings = (environments or {}).get(module)
    if settings is None:
        sys.stderr.write(
            f"no stack is running on {data.path}; `{shell_command('up', data)}` starts it\n"
        )
        return 1
    command = python_command(module, *first, *arguments)
    os.execve(command[0], command, {**environ, **settings})  # noqa: S606 - no shell
    return 0

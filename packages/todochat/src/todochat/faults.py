"""Named places where the fault harness may kill or freeze the process; no-ops otherwise.

TODOCHAT_FAULT_POINTS arms them in one of two ways:

    name[:nth],...   the nth passage (1 by default) kills this process, and each successor started
                     with the same environment
    /a/folder        a file `name` in it that says `kill` or `stop`, and maybe the nth passage,
                     arms the point for one process: the next one that passes it takes the file,
                     writes its pid to `name.hit`, and is killed or frozen
"""

import fcntl
import os
import signal
from pathlib import Path
from typing import Final

_ACTIONS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_armed: Final[dict[str, int]] = {}
_folder: Path | None = None


def arm_fault_points(spec: str) -> None:
    """Arm fault points; see the module. Only `__main__` calls this, with TODOCHAT_FAULT_POINTS."""
    global _folder  # noqa: PLW0603 - a process is armed once, at its start
    if spec.startswith("/"):
        _folder = Path(spec)
        return
    for entry in filter(None, spec.split(",")):
        name, _, nth = entry.partition(":")
        _armed[name] = int(nth or 1)


def fault_point(name: str) -> None:
    """Do nothing, unless the harness has armed this point: then kill or freeze this process."""
    if _folder is not None:
        _pass(_folder / name)
    elif name in _armed:
        _armed[name] -= 1
        if _armed[name] == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _pass(order: Path) -> None:
    try:
        file = order.open("r+")
    except FileNotFoundError:
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several processes may pass it at once
        action, _, nth = file.read().partition(" ")
        if not order.exists():
            return  # another process has taken it
        if int(nth or 1) > 1:
            file.seek(0)
            file.truncate()
            file.write(f"{action} {int(nth) - 1}")
            return
        order.with_name(f"{order.name}.hit").write_text(str(os.getpid()))
        order.unlink()
    os.kill(os.getpid(), _ACTIONS[action])

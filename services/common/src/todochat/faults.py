"""Named places where the fault harness may end the process; no-ops otherwise."""

import os
import signal
from typing import Final

_armed: Final[dict[str, int]] = {}


def arm_fault_points(spec: str) -> None:
    """Arm fault points from `name[:nth],...`: the nth passage (1 by default) kills the process.

    Only a process's `__main__` calls this, with TODOCHAT_FAULT_POINTS.
    """
    for entry in filter(None, spec.split(",")):
        name, _, nth = entry.partition(":")
        _armed[name] = int(nth or 1)


def fault_point(name: str) -> None:
    """Do nothing, unless the harness has armed this point: then SIGKILL this process."""
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

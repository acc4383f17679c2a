"""Records how our modules call each other in a process, between SIGUSR1 and SIGUSR2.

Every Python process of a stack finds it through PYTHONPATH. The second signal writes
`$JOURNEY_DIR/<pid>.json`: the command, and pairs of modules of which the first called the second,
in the order of the first call.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGES = {
    "chat_gateway",
    "durable_chatkit",
    "task_tools",
    "tasks_service",
    "todo_agent",
    "todochat",
}

_calls: dict[tuple[str, str], None] = {}


def _module(frame: FrameType | None) -> str:
    name = "" if frame is None else str(frame.f_globals.get("__name__", ""))
    return name if name.partition(".")[0] in PACKAGES else ""


def _record(frame: FrameType, event: str, _: Any) -> None:
    if event != "call":
        return
    called, caller = _module(frame), _module(frame.f_back)
    if called and caller != called:
        _calls.setdefault((caller, called))


def _start(*_: Any) -> None:
    _calls.clear()
    sys.setprofile(_record)


def _stop(*_: Any) -> None:
    sys.setprofile(None)
    command = sys.orig_argv[sys.orig_argv.index("-m") + 1 :]
    path = Path(os.environ["JOURNEY_DIR"], f"{os.getpid()}.json")
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"command": command[:2], "calls": list(_calls)}))
    unfinished.replace(path)


if "JOURNEY_DIR" in os.environ and "-m" in sys.orig_argv:
    signal.signal(signal.SIGUSR1, _start)
    signal.signal(signal.SIGUSR2, _stop)

"""CPU and memory of a stack's parts, each a set of processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Part:
    """A component of an installation.

    Attributes:
        has_children: its children belong to it, also later ones: PostgreSQL has one a connection.
    """

    roots: list[psutil.Process]
    has_children: bool = False

    def processes(self) -> list[psutil.Process]:
        """Return its running processes."""
        running = [root for root in self.roots if root.is_running()]
        if self.has_children:
            running += [child for root in running for child in root.children(recursive=True)]
        return running


Parts = Mapping[str, Part]


def one_process(name: str, pid: int) -> Parts:
    """Return a part with a single process."""
    return {name: Part([psutil.Process(pid)])}


def parts_of(state: Mapping[str, Any]) -> Parts:
    """Return the parts of a running stack, including its stores and the launcher with its guard."""
    parts = {
        name: Part([psutil.Process(pid) for pid in service["pids"]])
        for name, service in state["services"].items()
    }
    for engine in ("postgres", "valkey"):
        record = Path(state["data_dir"]) / "run" / f"{engine}.pid"
        pid = int(record.read_text().split()[0])
        parts[engine] = Part([psutil.Process(pid)], has_children=True)
    guards = {root.parent() for part in parts.values() for root in part.roots}
    launchers = {guard.parent() for guard in guards if guard is not None}
    own = [*launchers, *guards]
    parts["launcher"] = Part([process for process in own if process is not None])
    return parts


def cpu_seconds(parts: Parts) -> dict[str, float]:
    """Return user and system seconds by part; children that ended count with their parents."""
    spent = dict.fromkeys(parts, 0.0)
    for name, part in parts.items():
        for process in part.processes():
            times = process.cpu_times()
            spent[name] += times.user + times.system
            if part.has_children:
                spent[name] += times.children_user + times.children_system
    return spent


def proportional_bytes(parts: Parts) -> dict[str, int]:
    """Return proportional set size by part: a page that n processes share counts as its n-th."""
    return {
        name: sum(process.memory_full_info().pss for process in part.processes())
        for name, part in parts.items()
    }

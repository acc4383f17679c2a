"""CPU and memory of a stack's parts, each a set of processes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

Parts = Mapping[str, list[psutil.Process]]


def one_process(name: str, pid: int) -> Parts:
    """Return a part with a single process."""
    return {name: [psutil.Process(pid)]}


def parts_of(state: Mapping[str, Any]) -> Parts:
    """Return the parts of a running stack, including its stores."""
    parts = {
        name: [psutil.Process(pid) for pid in service["pids"]]
        for name, service in state["services"].items()
    }
    for engine in ("postgres", "valkey"):
        record = Path(state["data_dir"]) / "run" / f"{engine}.pid"
        pid = int(record.read_text().split()[0])
        parts[engine] = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return parts


def cpu_seconds(parts: Parts) -> dict[str, float]:
    """Return user and system seconds by part; processes that ended count with their parents."""
    spent = {}
    for name, processes in parts.items():
        times = [process.cpu_times() for process in processes if process.is_running()]
        spent[name] = sum(t.user + t.system for t in times)
    return spent


def resident_bytes(parts: Parts) -> dict[str, int]:
    """Return resident memory by part; pages shared by PostgreSQL's processes count repeatedly."""
    return {
        name: sum(process.memory_info().rss for process in processes if process.is_running())
        for name, processes in parts.items()
    }

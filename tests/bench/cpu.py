"""CPU and memory of parts that are made of processes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

Parts = Mapping[str, list[psutil.Process]]


def one_process(name: str, pid: int) -> Parts:
    """A part that is a single process."""
    return {name: [psutil.Process(pid)]}


def parts_of(state: Mapping[str, Any]) -> Parts:
    """The parts of a running stack, its stores among them."""
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
    """Seconds of user and system time by part; processes that ended count with their parents."""
    spent = {}
    for name, processes in parts.items():
        times = [process.cpu_times() for process in processes if process.is_running()]
        spent[name] = sum(t.user + t.system for t in times)
    return spent


def resident_bytes(parts: Parts) -> dict[str, int]:
    """Resident memory by part. Pages that PostgreSQL's processes share count once for each."""
    return {
        name: sum(process.memory_info().rss for process in processes if process.is_running())
        for name, processes in parts.items()
    }

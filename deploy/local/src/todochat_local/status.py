"""`todochat status`: what runs, whether it answers, and what it weighs."""

import asyncio
import json
import re
import sys
from typing import Final, TypedDict
from urllib.parse import urlsplit

import psutil

from todochat.private_files import read_json_object
from todochat_local.layout import DataDir
from todochat_local.lock import holder
from todochat_local.probe import HttpProbe
from todochat_local.service_units import CADDY
from todochat_local.state import ServiceState, StackState, read_state, why_no_state

MIB: Final = 1024 * 1024


class ServiceStatus(TypedDict):
    """One service; `ready` is None where it has no address to ask."""

    name: str
    ready: bool | None
    pids: list[int]
    memory_mib: int
    urls: list[str]


def show_status(data: DataDir, *, as_json: bool) -> int:
    """Print the status; return 0 if everything runs and answers, else 1."""
    state = read_state(data) if data.exists() and holder(data) is not None else None
    services = asyncio.run(_look(data, state)) if state else []
    if as_json:
        answer = {"running": state is not None, **(state or {}), "services": services}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    elif state is None:
        sys.stdout.write(f"{why_no_state(data)} ({data.path})\n")
    else:
        _print(state, services)
    return 0 if services and all(each["ready"] is not False for each in services) else 1


def _print(state: StackState, services: list[ServiceStatus]) -> None:
    sys.stdout.write(f"{state['edge']}   data: {state['data_dir']}\n\n")
    for each in services:
        words = {True: "ready", False: "not ready", None: "running"}
        pids = ",".join(str(pid) for pid in each["pids"])
        line = (
            f"  {each['name']:<18} {words[each['ready']]:<10} {each['memory_mib']:>5} MiB"
            f"  pid {pids:<14} {' '.join(each['urls'])}"
        )
        sys.stdout.write(line.rstrip() + "\n")


async def _look(data: DataDir, state: StackState) -> list[ServiceStatus]:
    items = state["services"].items()
    return list(await asyncio.gather(*(_look_at(data, name, entry) for name, entry in items)))


async def _look_at(data: DataDir, name: str, entry: ServiceState) -> ServiceStatus:
    if entry["urls"]:
        probes = [_probe(name, url) for url in entry["urls"]]
    else:  # nobody calls a worker, but it answers about its health
        probes = [HttpProbe(port) for port in _ports(data, name)]
    problems = await asyncio.gather(*(probe.problem() for probe in probes))
    alive = [pid for pid in entry["pids"] if psutil.pid_exists(pid)]
    ready = None if not probes and alive else bool(alive) and not any(problems)
    return {
        "name": name,
        "ready": ready,
        "pids": entry["pids"],
        "memory_mib": sum(psutil.Process(pid).memory_info().rss for pid in alive) // MIB,
        "urls": entry["urls"],
    }


def _ports(data: DataDir, service: str) -> list[int]:
    """Return the ports of a service's instances that run."""
    ports = read_json_object(data.ports) or {}
    return [
        port
        for name, port in ports.items()
        if re.fullmatch(rf"{service}(-\d+)?", name) and (data.run / f"{name}.pid").exists()
    ]


def _probe(name: str, url: str) -> HttpProbe:
    return HttpProbe(urlsplit(url).port or 80, "/" if name == CADDY else "/health/ready")

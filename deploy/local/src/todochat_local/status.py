"""`todochat status`: prints the state, readiness and memory of each service."""

import asyncio
import json
import re
import sys
from typing import Final, TypedDict
from urllib.parse import urlsplit

import psutil

from todochat.private_files import read_json_object
from todochat_local.data_dir import DataDir
from todochat_local.lock import launcher_pid
from todochat_local.probe import HttpProbe
from todochat_local.service_units import CADDY
from todochat_local.state import ServiceState, StackState, missing_state_reason, read_state

MIB: Final = 1024 * 1024
READINESS: Final = {True: "ready", False: "not ready", None: "running"}


class ServiceStatus(TypedDict):
    """One service; `ready` is None if it has no address to probe."""

    name: str
    ready: bool | None
    pids: list[int]
    memory_mib: int
    urls: list[str]


def show_status(data: DataDir, *, as_json: bool) -> int:
    """Print the status; return 0 if all services are ready, else 1."""
    state = read_state(data) if data.exists() and launcher_pid(data) is not None else None
    services = asyncio.run(probe_services(data, state)) if state else []
    if as_json:
        document = {"running": state is not None, **(state or {}), "services": services}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    elif state is None:
        sys.stdout.write(f"{missing_state_reason(data)} ({data.path})\n")
    else:
        sys.stdout.write(f"{state['edge']}   data: {state['data_dir']}\n\n")
        for each in services:
            pids = ",".join(str(pid) for pid in each["pids"])
            line = (
                f"  {each['name']:<18} {READINESS[each['ready']]:<10} {each['memory_mib']:>5} MiB"
                f"  pid {pids:<14} {' '.join(each['urls'])}"
            )
            sys.stdout.write(line.rstrip() + "\n")
    return 0 if services and all(each["ready"] is not False for each in services) else 1


async def probe_services(data: DataDir, state: StackState) -> list[ServiceStatus]:
    """Return the status of every service."""
    items = state["services"].items()
    return list(await asyncio.gather(*(probe_service(data, name, entry) for name, entry in items)))


async def probe_service(data: DataDir, name: str, entry: ServiceState) -> ServiceStatus:
    """Return the status of one service."""
    path = "/" if name == CADDY else "/health/ready"
    if entry["urls"]:
        probes = [HttpProbe(urlsplit(url).port or 80, path) for url in entry["urls"]]
    else:  # a worker has no public URL, but a port for its health
        probes = [HttpProbe(port) for port in running_ports(data, name)]
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


def running_ports(data: DataDir, service: str) -> list[int]:
    """Return the ports of a service's running instances."""
    ports = read_json_object(data.ports) or {}
    return [
        port
        for name, port in ports.items()
        if re.fullmatch(rf"{service}(-\d+)?", name) and (data.run / f"{name}.pid").exists()
    ]

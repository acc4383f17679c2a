"""state.json: what runs, for scripts and for the other commands. Its form is fixed."""

import json
from collections.abc import Iterable, Mapping
from typing import TypedDict, cast

from todochat.private_files import read_json_object, write_private
from todochat_local.layout import DataDir
from todochat_local.lock import holder
from todochat_local.plan import Plan, Unit
from todochat_local.spelling import typed


class ServiceState(TypedDict):
    """One service; `url` is its first instance's."""

    url: str | None
    urls: list[str]
    pids: list[int]


class EngineState(TypedDict):
    """An engine; the URL holds its password."""

    url: str | None


class StackState(TypedDict):
    """The content of state.json."""

    edge: str
    data_dir: str
    services: dict[str, ServiceState]
    postgres: EngineState
    redis: EngineState


def describe(data: DataDir, plan: Plan, pids: Mapping[str, int]) -> StackState:
    """Describe a running stack.

    Args:
        pids: by unit name; those that are down at the moment are missing.
    """
    services: dict[str, ServiceState] = {}
    for unit in _services(plan.units):
        entry = services.setdefault(unit.service, {"url": unit.url, "urls": [], "pids": []})
        if unit.url is not None:
            entry["urls"].append(unit.url)
        if unit.name in pids:
            entry["pids"].append(pids[unit.name])
    return {
        "edge": plan.edge,
        "data_dir": str(data.path),
        "services": services,
        "postgres": {"url": plan.postgres_url},
        "redis": {"url": plan.redis_url},
    }


def write_state(data: DataDir, state: StackState) -> None:
    """Replace state.json."""
    write_private(data.state, json.dumps(state, indent=2) + "\n")


def read_state(data: DataDir) -> StackState | None:
    """Return what runs; None if nothing does, or the file doesn't say."""
    return cast("StackState | None", read_json_object(data.state))


def why_no_state(data: DataDir) -> str:
    """Return what is the matter where there is no state."""
    if not data.exists() or holder(data) is None:
        return "nothing runs"
    if not data.state.exists():
        return "starting"
    return f"state.json is damaged (`{typed('down', data)}` stops what runs)"


def _services(units: Iterable[Unit]) -> list[Unit]:
    return [unit for unit in units if unit.service]

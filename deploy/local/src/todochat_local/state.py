"""state.json: the running stack, for scripts and other commands. Its format is public."""

import json
from collections.abc import Mapping
from typing import Final, TypedDict, cast

from todochat.private_files import read_json_object, write_private
from todochat_local.data_dir import DataDir
from todochat_local.lock import launcher_pid
from todochat_local.plan import LaunchPlan
from todochat_local.shell_command import shell_command

STARTING: Final = "starting"


class ServiceState(TypedDict):
    """One service; `url` is the one of its first instance."""

    url: str | None
    urls: list[str]
    pids: list[int]


class EngineState(TypedDict):
    """An engine; the URL contains its password."""

    url: str | None


class StackState(TypedDict):
    """The content of state.json."""

    edge: str
    data_dir: str
    services: dict[str, ServiceState]
    postgres: EngineState
    redis: EngineState


def describe(data: DataDir, plan: LaunchPlan, pids: Mapping[str, int]) -> StackState:
    """Describe a running stack.

    Args:
        pids: by unit name, without units that are down.
    """
    services: dict[str, ServiceState] = {}
    for unit in plan.units:
        if not unit.service:
            continue
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
    """Return the running stack; None if the file is missing or damaged."""
    return cast("StackState | None", read_json_object(data.state))


def missing_state_reason(data: DataDir) -> str:
    """Return why there is no state."""
    if not data.exists() or launcher_pid(data) is None:
        return "no stack is running"
    if not data.state.exists():
        return STARTING
    return f"state.json is damaged (`{shell_command('down', data)}` stops the stack)"

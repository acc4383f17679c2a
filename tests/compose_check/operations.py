"""Operations on a running installation: scaling, crashes, upgrades, a new engine."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from compose_check.compose_project import HEALTHY_TIMEOUT_S
from compose_check.engine_kit import run
from compose_check.first_day import OperatedSystem
from compose_check.image_kit import NEXT_VERSION, VERSION
from compose_check.installation import Installation
from compose_check.users import traffic
from todochat.testing import wait_until

SERVICES = ("auth-session", "tasks", "todo-agent-api", "todo-agent-worker", "chat-gateway")
RUNNING = (*SERVICES, "edge")
MIGRATIONS = ("migrate-auth", "migrate-tasks", "migrate-chat")
STORES = ("postgres", "valkey")


async def scale(system: OperatedSystem) -> str:
    """Scale to two workers and two gateways while turns stream, then the same with `.env`."""
    installation = system.installation
    async with traffic(system.people) as seen:
        added = await installation.up("--scale", "todo-agent-worker=2", "--scale", "chat-gateway=2")
        installation.configure(TODOCHAT_WORKERS="2", TODOCHAT_GATEWAYS="2")
        seconds = await installation.up()
        await seen.wait_for_turns()
    for service in ("todo-agent-worker", "chat-gateway"):
        assert len(installation.containers(service)) == 2, service
    return (
        f"2 workers, 2 gateways: `--scale` in {added:.1f} s, the same in `.env`, which recreates all"
        f" services, in {seconds:.1f} s; {seen}"
    )


async def crash(system: OperatedSystem) -> str:
    """Kill one container of each service in turn; the engine restarts it, and no turn fails."""
    lines = []
    for service in (*RUNNING, *STORES):
        container = system.installation.containers(service)[0]
        async with traffic(system.people) as seen:
            await asyncio.sleep(1)  # so that turns are at different points
            began = time.monotonic()
            await asyncio.to_thread(system.installation.kill, container)
            await wait_for_restart(system.installation, container)
            seconds = time.monotonic() - began
            await seen.wait_for_turns()
        lines.append(f"{service}: healthy again after {seconds:.1f} s; {seen}")
    return "\n".join(["each container killed:", *lines])


async def upgrade(system: OperatedSystem) -> str:
    """Upgrade one service after the other, while turns stream."""
    installation = system.installation
    installation.configure(TODOCHAT_VERSION=NEXT_VERSION)
    async with traffic(system.people) as seen:
        began = time.monotonic()
        for migration in MIGRATIONS:
            await installation.compose("run", "--rm", migration)
        migrated = time.monotonic() - began
        durations = await installation.roll(*RUNNING)
        await seen.wait_for_turns()
    check_versions(installation, NEXT_VERSION)
    return f"to {NEXT_VERSION}: {seen}\nmigrations {migrated:.1f} s, {', '.join(durations)}"


async def roll_back(system: OperatedSystem) -> str:
    """Go back with one `up -d`, as the documentation says, while turns stream."""
    installation = system.installation
    installation.configure(TODOCHAT_VERSION=VERSION)
    async with traffic(system.people) as seen:
        seconds = await installation.up()
        await seen.wait_for_turns()
    check_versions(installation, VERSION)
    return f"to {VERSION} with one `up -d` in {seconds:.1f} s: {seen}"


async def restart_engine(system: OperatedSystem) -> str:
    """Restart the engine, as an upgrade of its package does, while turns stream."""
    if not system.restart_engine:
        return "skipped: needs RESTART_ENGINE='systemctl restart docker' or the like"
    async with traffic(system.people) as seen:
        began = time.monotonic()
        await asyncio.to_thread(run, ["sh", "-c", system.restart_engine])
        await system.installation.wait_healthy()
        seconds = time.monotonic() - began
        await seen.wait_for_turns()
    return f"all healthy {seconds:.1f} s later; {seen}"


async def wait_for_restart(installation: Installation, killed: Mapping[str, Any]) -> None:
    async def has_restarted() -> bool:
        (now,) = await asyncio.to_thread(installation.engine.inspect, killed["Id"])
        is_new = now["State"]["StartedAt"] != killed["State"]["StartedAt"]
        health = (now["State"].get("Health") or {}).get("Status")
        return is_new and health in ("healthy", None)

    await wait_until(has_restarted, HEALTHY_TIMEOUT_S, interval_s=0.2)


def check_versions(installation: Installation, version: str) -> None:
    for service in RUNNING:
        for container in installation.containers(service):
            image = container["Config"]["Image"]
            assert image.endswith(f":{version}"), f"{service} runs {image}"

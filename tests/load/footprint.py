"""The resources of a running stack: memory and CPU of each service, connections to the stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil
import redis.asyncio


@dataclass(frozen=True)
class Footprint:
    """One measurement of a stack.

    Attributes:
        resident: bytes by service, all its processes together.
        cpu_s: seconds of CPU by service since it started.
    """

    resident: Mapping[str, int]
    cpu_s: Mapping[str, float]
    postgres_connections: int
    redis_connections: int


async def measure_footprint(state: Mapping[str, Any]) -> Footprint:
    """Measure the stack that wrote this `state.json`."""
    resident: dict[str, int] = {}
    cpu_s: dict[str, float] = {}
    for name, service in state["services"].items():
        processes = [psutil.Process(pid) for pid in service["pids"]]
        resident[name] = sum(process.memory_info().rss for process in processes)
        cpu_s[name] = sum(sum(process.cpu_times()[:2]) for process in processes)
    return Footprint(
        resident=resident,
        cpu_s=cpu_s,
        postgres_connections=await _postgres_connections(state["postgres"]["url"]),
        redis_connections=await _redis_connections(state["redis"]["url"]),
    )


async def _postgres_connections(url: str) -> int:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return int(await connection.fetchval(query)) - 1  # this one
    finally:
        await connection.close()


async def _redis_connections(url: str) -> int:
    client = redis.asyncio.Redis.from_url(url)
    try:
        return len(await client.client_list()) - 1
    finally:
        await client.aclose()

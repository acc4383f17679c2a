"""Reads the stored state at the end of a seed, and whatever is still open."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import asyncpg
import redis.asyncio
from sqlalchemy.engine import make_url

from chaos.history import History, Leaks, StoredRun, StoredTask, TaskChange
from chaos.schedule import GATEWAYS, SERVICES, WORKERS
from chaos.stack import Processes

SETTLE_TIMEOUT_S: Final = 30.0  # leases end after 6 s, then another worker takes the run over
LOOK_S: Final = 0.1
POSTGRES_POOLS: Final = 60  # the connection pools of all services may hold this many together
REDIS_POOLS: Final = 60
SOME_TASKS: Final = 10  # of asyncio, short-lived

_RUNS: Final = """
    SELECT run_id, user_id, thread_id, idempotency_key, status, error, attempt, crashes,
           closed_at IS NOT NULL AS is_closed, lease_until IS NOT NULL AS has_lease
      FROM runs WHERE user_id = ANY($1) ORDER BY created_at
"""
_OPEN_RUNS: Final = "SELECT count(*) FROM runs WHERE user_id = ANY($1) AND closed_at IS NULL"
_ITEMS: Final = """
    SELECT thread_id, payload FROM items
     WHERE user_id = ANY($1) AND NOT hidden ORDER BY thread_id, created_at, id
"""
_TASKS: Final = """
    SELECT user_id, id, title, completed_at IS NOT NULL AS is_completed,
           deleted_at IS NOT NULL AS is_deleted FROM tasks WHERE user_id = ANY($1)
"""
_CHANGES: Final = """
    SELECT user_id, type, payload->'task'->>'title' AS title, run_id FROM task_events
     WHERE user_id = ANY($1) AND task_id IS NOT NULL ORDER BY user_id, seq
"""
_CONNECTIONS: Final = """
    SELECT count(*) AS all, count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle
      FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_LOCKS: Final = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


async def gather_evidence(history: History, processes: Processes, users: Sequence[str]) -> None:
    """Add the stored state of these users; wait for runs that are still open."""
    chat = await _connect(processes, "chat")
    tasks = await _connect(processes, "tasks")
    try:
        await _wait_for_runs(chat, users)
        history.runs = [
            StoredRun(
                row["run_id"], row["user_id"], row["thread_id"], row["idempotency_key"] or "",
                row["status"], row["error"], row["attempt"], row["crashes"], row["is_closed"],
                row["has_lease"],
            )
            for row in await chat.fetch(_RUNS, users)
        ]  # fmt: skip
        history.items = {}
        for row in await chat.fetch(_ITEMS, users):
            history.items.setdefault(row["thread_id"], []).append(json.loads(row["payload"]))
        history.tasks = [StoredTask(*row.values()) for row in await tasks.fetch(_TASKS, users)]
        history.changes = [TaskChange(*row.values()) for row in await tasks.fetch(_CHANGES, users)]
        history.leaks = await _wait_for_quiet(processes, chat)
    finally:
        await chat.close()
        await tasks.close()


async def _connect(processes: Processes, database: str) -> "asyncpg.Connection[asyncpg.Record]":
    url = make_url(processes.postgres_url).set(database=database)
    return await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)


async def _wait_for_runs(chat: "asyncpg.Connection[asyncpg.Record]", users: Sequence[str]) -> None:
    """Wait until every run is closed, or until the timeout."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while time.monotonic() < deadline:
        if not await chat.fetchval(_OPEN_RUNS, users):
            return
        await asyncio.sleep(LOOK_S)


async def _wait_for_quiet(
    processes: Processes, postgres: "asyncpg.Connection[asyncpg.Record]"
) -> Leaks:
    """Poll until nothing exceeds its limit, or until the timeout."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while True:
        leaks = await _look(processes, postgres)
        over = [name for name, count in leaks.counts.items() if count > leaks.limits[name]]
        if not over or time.monotonic() > deadline:
            return leaks
        await asyncio.sleep(LOOK_S)


async def _look(processes: Processes, postgres: "asyncpg.Connection[asyncpg.Record]") -> Leaks:
    row: Any = await postgres.fetchrow(_CONNECTIONS)
    found: dict[str, tuple[int, int]] = {
        "PostgreSQL connections": (row["all"], POSTGRES_POOLS),
        "open transactions": (row["idle"], 0),
        "advisory locks": (await postgres.fetchval(_LOCKS), 0),
        "Redis connections": (await _redis_clients(processes.redis_url), REDIS_POOLS),
    }
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for name in GATEWAYS:
            count = await processes.metric(session, name, "todochat_open_streams")
            found[f"streams of {name}"] = int(count), 0
        for name in WORKERS:
            count = await processes.metric(session, name, "todo_agent_active_runs")
            found[f"runs of {name}"] = int(count), 0
        for name in SERVICES:
            count = await processes.metric(session, name, "todochat_asyncio_tasks")
            found[f"tasks of {name}"] = int(count), processes.idle_tasks.get(name, 0) + SOME_TASKS
    return Leaks(
        {name: count for name, (count, _) in found.items()},
        {name: limit for name, (_, limit) in found.items()},
    )


async def _redis_clients(url: str) -> int:
    client = redis.asyncio.Redis.from_url(url)
    try:
        return len(await client.client_list()) - 1
    finally:
        await client.aclose()

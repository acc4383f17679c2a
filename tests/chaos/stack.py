"""The stack under chaos: its processes by name, and direct access to its stores."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import psutil
import redis.asyncio
from redis.exceptions import RedisError

from chaos.schedule import EVERYTHING, SERVICES, WORKERS
from todochat_local.guard import ChildRecord

CALM_TIMEOUT_S: Final = 90.0
LOOK_S: Final = 0.05
LOST_S: Final = 1.0  # the amount that `appendfsync everysec` may lose with the machine
SIZES_KEPT: Final = 100
STORE_TIMEOUT_S: Final = 5.0


class Processes:
    """The processes of one data directory.

    Args:
        data_dir: of a running launcher.

    Attributes:
        idle_tasks: each service's number of asyncio tasks before the first message.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        state = json.loads((data_dir / "state.json").read_text())
        self.ports: dict[str, int] = json.loads((data_dir / "ports.json").read_text())
        self.edge: str = state["edge"]
        self.postgres_url: str = state["postgres"]["url"]
        self.redis_url: str = state["redis"]["url"]
        self.idle_tasks: dict[str, int] = {}
        self._aof_sizes: list[tuple[float, Path, int]] = []

    def pid(self, name: str) -> int | None:
        """Return the process's id; None while it is down."""
        try:
            return ChildRecord.parse((self._data_dir / "run" / f"{name}.pid").read_text()).child
        except (FileNotFoundError, ValueError):
            return None

    def worker_with(self, port: int | None) -> str:
        """Return the worker that has this local port; any worker if it is unknown or gone."""
        for name in WORKERS:
            pid = self.pid(name)
            try:
                connections = [] if pid is None else psutil.Process(pid).net_connections("tcp")
            except psutil.NoSuchProcess:
                continue
            if any(connection.laddr.port == port for connection in connections):
                return name
        return WORKERS[0]

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Signal a process; return False if it is down."""
        pid = self.pid(name)
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def signal_backend(self) -> bool:
        """Kill one of PostgreSQL's backends; PostgreSQL then ends all others, too."""
        pid = self.pid("postgres")
        if pid is None:
            return False
        try:
            backends = [
                child
                for child in psutil.Process(pid).children()
                if "chat_" in (title := " ".join(child.cmdline())) or "tasks_" in title
            ]
            for backend in backends[:1]:
                backend.kill()
        except psutil.NoSuchProcess:
            return False
        return bool(backends)

    async def flush_redis(self) -> bool:
        """Empty Redis; return False if it is down."""
        client = redis.asyncio.Redis.from_url(self.redis_url, socket_timeout=STORE_TIMEOUT_S)
        try:
            await client.flushall()
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
        return True

    def note_aof(self) -> None:
        """Record the current length of Redis's log."""
        for path in (self._data_dir / "valkey" / "appendonlydir").glob("*.incr.aof"):
            self._aof_sizes.append((time.monotonic(), path, path.stat().st_size))
        del self._aof_sizes[:-SIZES_KEPT]

    def lose_second(self) -> bool:
        """Kill Redis and cut off its writes of the last second, as in a power failure."""
        if not self.signal("valkey", signal.SIGKILL):
            return False
        until = time.monotonic() - LOST_S
        old = [(path, size) for at, path, size in self._aof_sizes if at <= until]
        if old:
            path, size = old[-1]
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)
        return True

    async def calm(self) -> None:
        """Wait until every process runs and is ready.

        Raises:
            TimeoutError: names the process that is not.
        """
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            checks: dict[str, Callable[[], Awaitable[bool]]] = {
                name: _http_check(session, f"http://127.0.0.1:{self.ports[name]}/health/ready")
                for name in SERVICES
            }
            checks["caddy"] = _http_check(session, f"{self.edge}/.well-known/jwks.json")
            checks["valkey"] = self._redis_answers
            checks["postgres"] = self._postgres_answers
            for name in EVERYTHING:
                await _wait(name, checks[name])

    async def _redis_answers(self) -> bool:
        client = redis.asyncio.Redis.from_url(self.redis_url, socket_timeout=STORE_TIMEOUT_S)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def _postgres_answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.postgres_url, timeout=STORE_TIMEOUT_S)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True

    async def note_idle_tasks(self) -> None:
        """Record how many tasks an idle service has."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            for name in SERVICES:
                tasks = await self.metric(session, name, "todochat_asyncio_tasks")
                self.idle_tasks[name] = int(tasks)

    async def metric(self, session: aiohttp.ClientSession, name: str, metric: str) -> float:
        """Return the value of a process's gauge; 0 if it has none."""
        url = f"http://127.0.0.1:{self.ports[name]}/metrics"
        async with session.get(url) as response:
            for line in (await response.text()).splitlines():
                if line.startswith(f"{metric} "):
                    return float(line.split()[-1])
        return 0.0

    def resident(self) -> dict[str, tuple[int, int]]:
        """Return pid and resident bytes of each service."""
        found: dict[str, tuple[int, int]] = {}
        for name in SERVICES:
            pid = self.pid(name)
            if pid is not None:
                found[name] = pid, psutil.Process(pid).memory_info().rss
        return found


def _http_check(session: aiohttp.ClientSession, url: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        try:
            async with session.get(url) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    return check


async def _wait(name: str, check: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + CALM_TIMEOUT_S
    while not await check():
        if time.monotonic() > deadline:
            msg = f"{name} is not ready again after {CALM_TIMEOUT_S:.0f} s"
            raise TimeoutError(msg)
        await asyncio.sleep(LOOK_S)

"""The Redis client of every service: bounded pool, short timeouts, answers as bytes."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from todochat.gauges import GaugeSource
from todochat.metrics import REDIS_MEMORY, PoolUse, watch_pool

CONNECT_TIMEOUT_S: Final = 2.0
SOCKET_TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 50


def create_redis(url: str, *, max_connections: int = MAX_CONNECTIONS) -> Redis:
    """Make a client that fails fast and heals by itself; close it with `aclose`."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=CONNECT_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=SOCKET_TIMEOUT_S,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.2, base=0.02), retries=2),
        retry_on_error=[RedisConnectionError],
        decode_responses=False,
    )
    watch_pool("redis", "commands", pool, _use)
    return Redis.from_pool(pool)


def redis_memory(redis: Redis) -> GaugeSource:
    """Return the source of how much memory Redis uses: it takes nothing more when that is full."""
    used, limit = REDIS_MEMORY.labels("used"), REDIS_MEMORY.labels("limit")

    async def read() -> None:
        memory: dict[str, int] = await redis.info("memory")
        used.set(memory["used_memory"])
        limit.set(memory["maxmemory"])

    return GaugeSource(name="redis-memory", read=read, gauges=[used, limit], every_s=15.0)


def _use(pool: BlockingConnectionPool) -> PoolUse:
    (idle, _), (in_use, _) = pool.get_connection_count()
    return PoolUse(in_use, idle, pool.max_connections)

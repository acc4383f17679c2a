"""The Redis client of every service: bounded pool, short timeouts, answers as bytes."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from todochat.metrics import PoolUse, watch_pool

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


def _use(pool: BlockingConnectionPool) -> PoolUse:
    (idle, _), (in_use, _) = pool.get_connection_count()
    return PoolUse(in_use, idle, pool.max_connections)

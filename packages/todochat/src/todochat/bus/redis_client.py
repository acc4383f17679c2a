"""The Redis client of every service: bounded pool, short timeouts, replies as bytes.

`redis://` is one server, `redis+cluster://` a cluster (docs/adr/0009-*.md). Services use both
the same way: a script's keys share a slot, and a channel reaches every node.
"""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import AbstractRedis
from redis.exceptions import ConnectionError as RedisConnectionError

from todochat.telemetry.gauges import GaugeSource
from todochat.telemetry.metrics import REDIS_MEMORY, PoolUse, watch_pool

CONNECT_TIMEOUT_S: Final = 2.0
SOCKET_TIMEOUT_S: Final = 5.0
MAX_CONNECTIONS: Final = 50  # per node of a cluster
CLUSTER_SUFFIX: Final = "+cluster"

if TYPE_CHECKING:  # see `todochat.lean_imports`
    from redis.asyncio import RedisCluster

    RedisClient = Redis | RedisCluster
    """One server, or a cluster."""
else:
    RedisClient = AbstractRedis


def create_redis(url: str) -> RedisClient:
    """Create a client that fails fast and reconnects; close it with `aclose`.

    Args:
        url: `redis://` or `rediss://`, or with `+cluster` and any number of the cluster's nodes,
            separated by commas; a reachable one is enough to find the others.
    """
    parts = urlsplit(url)
    if not parts.scheme.endswith(CLUSTER_SUFFIX):
        return create_server_client(url)
    from todochat.bus.redis_cluster import ClusterClient, startup_node  # noqa: PLC0415 - 1.7 MB

    credentials, at, hosts = parts.netloc.rpartition("@")
    first, *others = hosts.split(",")
    one_server = parts._replace(
        scheme=parts.scheme.removesuffix(CLUSTER_SUFFIX), netloc=f"{credentials}{at}{first}"
    )
    nodes = [startup_node(other) for other in others]
    return ClusterClient.from_url(
        urlunsplit(one_server), startup_nodes=nodes, max_connections=MAX_CONNECTIONS, **_options()
    )


def create_server_client(url: str) -> Redis:
    """Create a client of a single server."""
    pool = BlockingConnectionPool.from_url(
        url, timeout=CONNECT_TIMEOUT_S, max_connections=MAX_CONNECTIONS, **_options()
    )
    watch_pool("redis", "commands", pool, _use)
    return Redis.from_pool(pool)


def redis_memory(redis: RedisClient) -> GaugeSource:
    """Return the gauges of Redis' memory; Redis refuses writes when it is full.

    In a cluster they show the node that is nearest to its limit, or uses most where none is set.
    """
    used, limit = REDIS_MEMORY.labels("used"), REDIS_MEMORY.labels("limit")

    async def read() -> None:
        if isinstance(redis, Redis):
            memory = await redis.info("memory")
        else:
            nodes = await redis.info("memory", target_nodes=redis.PRIMARIES)
            memory = max(
                nodes.values(), key=lambda node: node["used_memory"] / (node["maxmemory"] or 2**63)
            )
        used.set(memory["used_memory"])
        limit.set(memory["maxmemory"])

    return GaugeSource(name="redis-memory", read=read, gauges=[used, limit], every_s=15.0)


def _options() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "health_check_interval": 30,
        "retry": Retry(ExponentialWithJitterBackoff(cap=0.2, base=0.02), retries=2),
        "retry_on_error": [RedisConnectionError],
        "decode_responses": False,
    }


def _use(pool: BlockingConnectionPool) -> PoolUse:
    (idle, _), (in_use, _) = pool.get_connection_count()
    return PoolUse(in_use, idle, pool.max_connections)

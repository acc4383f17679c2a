"""Prometheus metrics of every service; services add their own.

Names are `todochat_<subject>_<unit>`; counters end with `_total`. Labels come from closed sets
(route templates, codes, names of settings) and never hold IDs or arbitrary input. A test compares
the metrics with docs/operations/metrics.md.
"""

import weakref
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS: Final = Counter(
    "todochat_http_requests_total", "Requests by status.", ["service", "method", "route", "status"]
)
HTTP_SECONDS: Final = Histogram(
    "todochat_http_request_seconds",
    "Seconds from a request's arrival to the start of its response.",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ASYNCIO_TASKS: Final = Gauge(
    "todochat_asyncio_tasks", "Tasks of the event loop that haven't ended."
)
LOOP_LAG_SECONDS: Final = Histogram(
    "todochat_loop_lag_seconds",
    "Seconds of delay of a timer on the event loop, measured twice a second.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UPSTREAM_SECONDS: Final = Histogram(
    "todochat_upstream_request_seconds",
    "Seconds per call to another service.",
    ["target", "method", "outcome"],
)
RATE_LIMITED: Final = Counter(
    "todochat_rate_limit_refusals_total",
    "429 responses by the limit that was exceeded.",
    ["limit"],
)
CORS_REJECTIONS: Final = Counter(
    "todochat_cors_rejections_total",
    "Requests of pages whose origin isn't in CORS_ALLOWED_ORIGINS.",
)
VIEWERS_BEHIND: Final = Counter(
    "todochat_viewers_behind_total",
    "Times a viewer read too slowly for live frames and resumed from the log.",
)
STORE_UP: Final = Gauge(
    "todochat_store_up", "1 if this process can reach the store, else 0.", ["store"]
)
POOL_CONNECTIONS: Final = Gauge(
    "todochat_pool_connections",
    "Connections of this process to a store by state.",
    ["store", "pool", "state"],
)
POOL_MAX_CONNECTIONS: Final = Gauge(
    "todochat_pool_max_connections",
    "Maximum number of connections of this process to a store.",
    ["store", "pool"],
)
GAUGE_FAILURES: Final = Counter(
    "todochat_gauge_failures_total",
    "Gauges that are NaN because a store didn't respond within the timeout.",
    ["source"],
)
DATABASE_BYTES: Final = Gauge(
    "todochat_database_bytes", "Size of this service's database on disk.", ["database"]
)
REDIS_MEMORY: Final = Gauge(
    "todochat_redis_memory_bytes",
    "Memory of Redis: `used`, and the `limit`, 0 if none is set.",
    ["kind"],
)
OTHER: Final = "other"


class PoolUse(NamedTuple):
    """Current use of a connection pool."""

    in_use: int
    idle: int
    most: int


_pools: Final[dict[tuple[str, str], tuple[weakref.ref[Any], Callable[[Any], PoolUse]]]] = {}


def watch_pool(store: str, name: str, pool: Any, use: Callable[[Any], PoolUse]) -> None:
    """Show a pool in `/metrics` while it lives; a later pool of the same name replaces it.

    Args:
        use: returns the pool's use; it must not keep a reference to the pool.
    """
    _pools[store, name] = (weakref.ref(pool), use)


def measure_pools() -> None:
    """Set the gauges of all pools."""
    for (store, name), (reference, use) in list(_pools.items()):
        pool = reference()
        if pool is None:
            del _pools[store, name]
            for state in ("in_use", "idle"):
                POOL_CONNECTIONS.remove(store, name, state)
            POOL_MAX_CONNECTIONS.remove(store, name)
            continue
        in_use, idle, most = use(pool)
        POOL_CONNECTIONS.labels(store, name, "in_use").set(in_use)
        POOL_CONNECTIONS.labels(store, name, "idle").set(idle)
        POOL_MAX_CONNECTIONS.labels(store, name).set(most)


class BoundedLabel:
    """Bounds the values of a label with external values, such as a model's name.

    Args:
        most: number of values that are kept; later ones become `other`.
    """

    def __init__(self, most: int = 20) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value, or `other`."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value

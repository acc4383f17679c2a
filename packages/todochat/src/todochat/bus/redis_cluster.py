"""redis-py's cluster client, with errors like those of one server's client.

redis-py says that no node can be reached, or that a slot has no node, with an exception that is no
`RedisError`; whoever waits for Redis to come back would take it for a mistake in the program.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode, ClusterPipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException
from redis.typing import EncodableT

DEFAULT_PORT: Final = 6379


class ClusterClient(RedisCluster):
    """A client of a whole cluster."""

    async def initialize(self, *args: Any, **options: Any) -> RedisCluster:
        """Learn which nodes there are, unless they are known."""
        with _as_redis_error():
            return await super().initialize(*args, **options)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command on the node that its key belongs to."""
        with _as_redis_error():
            return await super().execute_command(*args, **options)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """Return a pipeline; its commands go to several nodes at once."""
        del shard_hint
        return _Pipeline(self, transaction)  # type: ignore[abstract]  # so is redis-py's own

    async def relearn(self) -> None:
        """Ask which nodes there are and which slots they have, after signs of a change.

        Raises:
            RedisError: no node can be reached.
        """
        await self.initialize()  # type: ignore[unused-awaitable]
        with _as_redis_error():
            await self.nodes_manager.initialize()

    def node_of(self, key: bytes) -> ClusterNode:
        """Return the primary of a key's slot, as far as is known.

        Raises:
            RedisError: the slot has none.
        """
        with _as_redis_error():
            return self.nodes_manager.get_node_from_slot(self.keyslot(key))


class _Pipeline(ClusterPipeline):
    """A pipeline that also takes the two commands which redis-py keeps out of a cluster's.

    It can't know that the names given to `unlink` share a slot, and a message may be published at
    any node.
    """

    def publish(self, channel: EncodableT, message: EncodableT) -> ClusterPipeline:  # type: ignore[override]
        return self.execute_command("PUBLISH", channel, message)

    def unlink(self, *names: EncodableT) -> ClusterPipeline:  # type: ignore[override]
        return self.execute_command("UNLINK", *names)

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        with _as_redis_error():
            return await super().execute(raise_on_error, allow_redirections)


def startup_node(address: str) -> ClusterNode:
    """Return the node at `host:port`, of which the client only takes host and port."""
    host, _, port = address.rpartition(":") if _has_port(address) else (address, "", "")
    return ClusterNode(host.strip("[]"), int(port or DEFAULT_PORT))


def _has_port(address: str) -> bool:
    return ":" in address.rpartition("]")[2]


@contextmanager
def _as_redis_error() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error

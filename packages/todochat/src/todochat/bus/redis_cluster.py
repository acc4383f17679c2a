"""redis-py's cluster client, with the errors of the single-server client.

redis-py reports an unreachable cluster, or a slot without a node, with an exception that is no
`RedisError`; code that waits for Redis to return would treat it as a bug.
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
        """Load the list of nodes, unless it is known."""
        with _as_redis_error():
            return await super().initialize(*args, **options)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command on the node that its key belongs to."""
        with _as_redis_error():
            return await super().execute_command(*args, **options)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """Return a pipeline; its commands are sent to their nodes concurrently."""
        del shard_hint
        return _Pipeline(self, transaction)  # type: ignore[abstract]  # so is redis-py's own

    async def reload_slots(self) -> None:
        """Load nodes and slots again, after signs of a change.

        Raises:
            RedisError: no node is reachable.
        """
        await self.initialize()  # type: ignore[unused-awaitable]
        with _as_redis_error():
            await self.nodes_manager.initialize()

    def node_of(self, key: bytes) -> ClusterNode:
        """Return the last known primary of a key's slot.

        Raises:
            RedisError: the slot has no primary.
        """
        with _as_redis_error():
            return self.nodes_manager.get_node_from_slot(self.keyslot(key))


class _Pipeline(ClusterPipeline):
    """A pipeline with two commands that redis-py excludes from cluster pipelines.

    redis-py can't know that the names given to `unlink` share a slot; a message may be published on
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
    """Return a node at `host:port`; the client uses only its host and port."""
    has_port = ":" in address.rpartition("]")[2]
    host, _, port = address.rpartition(":") if has_port else (address, "", "")
    return ClusterNode(host.strip("[]"), int(port or DEFAULT_PORT))


@contextmanager
def _as_redis_error() -> Iterator[None]:
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error

"""The bus's own connections to a Redis Cluster: one for each node that has runs.

A run's keys share a slot, so each command has one node; the commands of one call are sent to all of
their nodes concurrently. Channels are plain ones, which any node forwards to all, so one connection
receives everything.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import AskError, ClusterDownError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import override

from todochat.bus.connection import (
    BusConnection,
    CommandConnection,
    own_connection,
    script_source,
)
from todochat.bus.redis_client import RedisClient
from todochat.bus.reply_reader import Argument, Command
from todochat.bus.scripts import Script

if TYPE_CHECKING:  # see `todochat.lean_imports`
    from todochat.bus.redis_cluster import ClusterClient

_UNREACHABLE: Final = (RedisConnectionError, RedisTimeoutError)
_TOPOLOGY_CHANGES: Final = (*_UNREACHABLE, AskError, ClusterDownError)  # AskError: also MOVED
_SCRIPTS: Final = (b"EVAL", b"EVALSHA")


def bus_connection(redis: RedisClient, timeout_s: float) -> CommandConnection:
    """Create a connection for commands to the server or cluster of `redis`."""
    if isinstance(redis, Redis):
        return BusConnection(own_connection(redis), timeout_s)
    return ClusterConnection(cast("ClusterClient", redis), timeout_s)


async def pubsub_connection(redis: RedisClient) -> AbstractConnection:
    """Create a connection for Pub/Sub; in a cluster, to a random primary.

    Raises:
        RedisError: no node is reachable.
    """
    if isinstance(redis, Redis):
        return own_connection(redis)
    await cast("ClusterClient", redis).reload_slots()
    return own_connection(random.choice(redis.get_primaries()))  # noqa: S311 - spreads load


class ClusterConnection(CommandConnection):
    """Connections to the nodes of a cluster: one round trip to each node that a `call` concerns.

    Slots are read from the client, and read again after a reply that reports a move.
    """

    def __init__(self, cluster: "ClusterClient", timeout_s: float) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._nodes: dict[str, BusConnection] = {}
        self._is_current = False

    @override
    def script(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
        if not self._is_current:
            return script_source(script, keys, *arguments)
        try:
            node = self._node_of(keys[0])
        except RedisError:  # `call` raises it
            return script_source(script, keys, *arguments)
        return node.script(script, keys, *arguments)

    @override
    async def call(self, *commands: Command) -> list[Any]:
        """Send commands and read their replies; an error reply is returned, not raised.

        An unreachable node yields error replies for its own commands only. A command whose slot has
        moved has not run; it is sent again, to the slot's new node.

        Raises:
            RedisError: no node of these commands is reachable, or a slot has none. Any of them may
                have run, or may still run.
        """
        replies = await self._send(commands)
        moved = [position for position, reply in enumerate(replies) if isinstance(reply, AskError)]
        if moved:
            for position, reply in zip(
                moved, await self._send([commands[position] for position in moved]), strict=True
            ):
                replies[position] = reply
        if replies and all(isinstance(reply, _UNREACHABLE) for reply in replies):
            raise replies[0]
        return replies

    @override
    async def aclose(self) -> None:
        nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            await node.aclose()

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if not self._is_current:
            await self._reload_slots()
        positions: dict[BusConnection, list[int]] = defaultdict(list)
        for position, command in enumerate(commands):
            positions[self._node_of(_key(command))].append(position)
        replies: list[Any] = [None] * len(commands)
        exchanges = [
            self._exchange(node, [(position, commands[position]) for position in assigned], replies)
            for node, assigned in positions.items()
        ]
        await asyncio.gather(*exchanges)
        self._is_current = not any(isinstance(reply, _TOPOLOGY_CHANGES) for reply in replies)
        return replies

    async def _exchange(
        self, node: BusConnection, numbered: list[tuple[int, Command]], replies: list[Any]
    ) -> None:
        try:
            node_replies = await node.call(*(command for _, command in numbered))
        except RedisError as error:
            node_replies = [error] * len(numbered)
        for (position, _), reply in zip(numbered, node_replies, strict=True):
            replies[position] = reply

    async def _reload_slots(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._cluster.reload_slots()
        except TimeoutError as error:
            raise RedisTimeoutError("the cluster didn't respond in time") from error
        self._is_current = True
        current = {node.name for node in self._cluster.get_nodes()}
        for name in self._nodes.keys() - current:
            await self._nodes.pop(name).aclose()

    def _node_of(self, key: bytes) -> BusConnection:
        node = self._cluster.node_of(key)
        connection = self._nodes.get(node.name)
        if connection is None:
            connection = BusConnection(own_connection(node), self._timeout_s)
            self._nodes[node.name] = connection
        return connection


def _key(command: Command) -> bytes:
    """Return the first key of a command; in a script call it follows the number of keys."""
    key = command[3] if command[0] in _SCRIPTS else command[1]
    if not isinstance(key, bytes):
        msg = f"{command[0]!r} has no key"
        raise TypeError(msg)
    return key

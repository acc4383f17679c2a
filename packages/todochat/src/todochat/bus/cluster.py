"""The bus's own connections to a Redis Cluster: one for each node that has runs.

A run's keys share a slot, so each command has one node; those of one call go to all of their nodes
at once. Channels are plain ones, which any node passes on to all, so one connection hears
everything.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, cast

from redis.asyncio import RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import AskError, ClusterDownError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from todochat.bus.connection import (
    Argument,
    BusConnection,
    Command,
    own_connection,
    script_source,
)
from todochat.bus.redis_client import RedisClient
from todochat.bus.redis_cluster import ClusterClient
from todochat.bus.scripts import Script

_UNREACHABLE: Final = (RedisConnectionError, RedisTimeoutError)
_SIGNS_OF_CHANGE: Final = (*_UNREACHABLE, AskError, ClusterDownError)  # AskError: also MOVED
_SCRIPTS: Final = (b"EVAL", b"EVALSHA")


class Calls(Protocol):
    """Connections for commands, to one server or to a cluster; see `BusConnection`."""

    def script(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
        """Make the command that runs a script."""

    async def call(self, *commands: Command) -> list[Any]:
        """Send commands and read their replies; an error reply is returned, not raised."""

    async def query(self, *commands: Command) -> list[Any]:
        """Do as `call`, but raise the first error reply."""

    async def aclose(self) -> None:
        """Close the connections."""


def bus_connection(redis: RedisClient, timeout_s: float) -> Calls:
    """Make the connection for commands to where `redis` connects."""
    if isinstance(redis, RedisCluster):
        return ClusterConnection(cast("ClusterClient", redis), timeout_s)
    return BusConnection(own_connection(redis), timeout_s)


async def pubsub_connection(redis: RedisClient) -> AbstractConnection:
    """Make a connection for Pub/Sub; of a cluster to any primary, another one at each call.

    Raises:
        RedisError: no node can be reached.
    """
    if not isinstance(redis, RedisCluster):
        return own_connection(redis)
    await cast("ClusterClient", redis).relearn()
    return own_connection(random.choice(redis.get_primaries()))  # noqa: S311 - spreads load


class ClusterConnection:
    """For commands: one write and one round trip to each node that a `call` concerns.

    Where slots are is learned from the client, and anew after an answer that says they have moved.
    """

    def __init__(self, cluster: ClusterClient, timeout_s: float) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._nodes: dict[str, BusConnection] = {}
        self._is_current = False

    def script(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Command:
        """Make the command that runs a script: by its source where its node is to be found out."""
        if not self._is_current:
            return script_source(script, keys, *arguments)
        try:
            node = self._node_of(keys[0])
        except RedisError:  # `call` says so
            return script_source(script, keys, *arguments)
        return node.script(script, keys, *arguments)

    async def call(self, *commands: Command) -> list[Any]:
        """Send commands and read their replies; an error reply is returned, not raised.

        A node that can't be reached is an error reply of its own commands only. A command whose
        slot has moved has not run; it is sent once more, to where its slot is now.

        Raises:
            RedisError: no node of these commands can be reached, or a slot has none. Any of them
                may have run, or may yet run.
        """
        replies = await self._send(commands)
        moved = [place for place, reply in enumerate(replies) if isinstance(reply, AskError)]
        if moved:
            for place, reply in zip(
                moved, await self._send([commands[place] for place in moved]), strict=True
            ):
                replies[place] = reply
        if replies and all(isinstance(reply, _UNREACHABLE) for reply in replies):
            raise replies[0]
        return replies

    async def query(self, *commands: Command) -> list[Any]:
        """Do as `call`, but raise the first error reply.

        Raises:
            RedisError: as `call`, or a command was refused.
        """
        replies = await self.call(*commands)
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
        return replies

    async def aclose(self) -> None:
        """Close the connections; a later call would open them again."""
        nodes, self._nodes = self._nodes, {}
        for node in nodes.values():
            await node.aclose()

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if not self._is_current:
            await self._relearn()
        places: dict[BusConnection, list[int]] = defaultdict(list)
        for place, command in enumerate(commands):
            places[self._node_of(_key(command))].append(place)
        replies: list[Any] = [None] * len(commands)
        exchanges = [
            self._exchange(node, [(place, commands[place]) for place in there], replies)
            for node, there in places.items()
        ]
        await asyncio.gather(*exchanges)
        self._is_current = not any(isinstance(reply, _SIGNS_OF_CHANGE) for reply in replies)
        return replies

    async def _exchange(
        self, node: BusConnection, numbered: list[tuple[int, Command]], replies: list[Any]
    ) -> None:
        try:
            answers = await node.call(*(command for _, command in numbered))
        except RedisError as error:
            answers = [error] * len(numbered)
        for (place, _), answer in zip(numbered, answers, strict=True):
            replies[place] = answer

    async def _relearn(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._cluster.relearn()
        except TimeoutError as error:
            raise RedisTimeoutError("the cluster didn't answer in time") from error
        self._is_current = True
        for name in list(self._gone()):
            await self._nodes.pop(name).aclose()

    def _gone(self) -> Iterator[str]:
        there = {node.name for node in self._cluster.get_nodes()}
        return (name for name in self._nodes if name not in there)

    def _node_of(self, key: bytes) -> BusConnection:
        node = self._cluster.node_of(key)
        connection = self._nodes.get(node.name)
        if connection is None:
            connection = BusConnection(own_connection(node), self._timeout_s)
            self._nodes[node.name] = connection
        return connection


def _key(command: Command) -> bytes:
    """Return the first key of a command of the bus: of a script after its number of keys."""
    key = command[3] if command[0] in _SCRIPTS else command[1]
    if not isinstance(key, bytes):
        msg = f"{command[0]!r} has no key to find its node by"
        raise TypeError(msg)
    return key

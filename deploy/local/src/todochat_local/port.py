"""Finds free ports, and reuses a process's port at the next start."""

import errno
import json
import random
import socket
import sys
from typing import Final

from todochat.private_files import read_json_object, write_private
from todochat_local.data_dir import DataDir

DEFAULT_EDGE_PORT: Final = 8000
EDGE_PORTS_TRIED: Final = 200
LOOPBACK: Final = "127.0.0.1"
LOOPBACK_6: Final = "::1"
# Below the ephemeral ports of Linux and macOS: otherwise an outgoing connection could occupy a
# service's port when the service restarts.
FIRST_PORT: Final = 20_000
LAST_PORT: Final = 29_999
ATTEMPTS: Final = 500
_reserved: Final[dict[int, socket.socket]] = {}


class PortError(Exception):
    """A port is not available; the message names it and a remedy."""


class PortBook:
    """Stores the port of each process in ports.json, so that restarts keep addresses."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        stored = read_json_object(data.ports) or {}
        self._ports: dict[str, int] = {
            name: port for name, port in stored.items() if port in range(1, 65_536)
        }
        self.notes: list[str] = []
        if not self._ports and data.ports.exists():
            self.notes.append(f"{data.ports} is damaged: all ports are new")
        self._picked: set[int] = set()

    def pick(self, name: str) -> int:
        """Return the last port of `name` if it is free, else another free one.

        Raises:
            PortError: no port is free.
        """
        port = self._ports.get(name, 0)
        for _ in range(ATTEMPTS):
            if port and port not in self._picked and is_free(port) and reserve_port(port):
                self._picked.add(port)
                self._ports[name] = port
                return port
            port = random.randint(FIRST_PORT, LAST_PORT)  # noqa: S311 - not a secret
        msg = f"no free port between {FIRST_PORT} and {LAST_PORT}"
        raise PortError(msg)

    def save(self) -> None:
        """Write all ports to ports.json."""
        write_private(self._data.ports, json.dumps(self._ports, indent=1))


def pick_edge_port(wanted: int | None) -> int:
    """Return `wanted`, or 8000 or the next free port if None.

    Raises:
        PortError: `wanted` is in use.
    """
    if wanted is not None:
        if is_free(wanted):
            return wanted
        msg = f"port {wanted} is in use; pass another one to --port"
        raise PortError(msg)
    for port in range(DEFAULT_EDGE_PORT, DEFAULT_EDGE_PORT + EDGE_PORTS_TRIED):
        if is_free(port):
            return port
    msg = f"no free port from {DEFAULT_EDGE_PORT} on; pass one to --port"
    raise PortError(msg)


def loopback_addresses() -> list[str]:
    """Return the addresses that the edge listens on, with IPv6 if the machine supports it."""
    return (
        [LOOPBACK, LOOPBACK_6] if _bind_error(socket.AF_INET6, LOOPBACK_6, 0) == 0 else [LOOPBACK]
    )


def is_free(port: int) -> bool:
    """Return whether no process listens on this port of the loopback addresses."""
    if _bind_error(socket.AF_INET, LOOPBACK, port) == errno.EADDRINUSE:
        return False
    if _bind_error(socket.AF_INET6, LOOPBACK_6, port) == errno.EADDRINUSE:
        return False
    with socket.socket() as probe:  # macOS allows a second bind if the first has all addresses
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) != 0


def reserve_port(port: int) -> bool:
    """Reserve a port against other launchers until this process ends; False if another has it.

    A port looks free for seconds, until its service listens or while it restarts. The reservation
    is a socket in Linux's abstract namespace, which needs no file and ends with the process; on
    other systems every port can be reserved.
    """
    if sys.platform != "linux" or port in _reserved:
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0todochat-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved[port] = name
    return True


def _bind_error(family: socket.AddressFamily, address: str, port: int) -> int:
    """Return the error number of a bind, 0 on success."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0

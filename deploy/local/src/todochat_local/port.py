"""Ports of this machine: free ones, and the same ones at the next start."""

import errno
import json
import random
import socket
import sys
from typing import Final

from todochat.private_files import read_json_object, write_private
from todochat_local.layout import DataDir

DEFAULT_EDGE_PORT: Final = 8000
EDGE_PORTS_TRIED: Final = 200
LOOPBACK: Final = "127.0.0.1"
LOOPBACK_6: Final = "::1"
# Below the range from which Linux and macOS take the near ends of outgoing connections: such a
# connection could otherwise sit on a service's port when it wants to start again.
FIRST_PORT: Final = 20_000
LAST_PORT: Final = 29_999
ATTEMPTS: Final = 500
_reserved: Final[dict[int, socket.socket]] = {}


class PortError(Exception):
    """No port could be had; the message says which and what to do."""


class PortBook:
    """Remembers the port of each process in ports.json, so that restarts keep addresses."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._ports = _read(data)
        self.notes: list[str] = []
        if not self._ports and data.ports.exists():
            self.notes.append(f"{data.ports} was damaged: the ports are new ones")
        self._given: set[int] = set()

    def pick(self, name: str) -> int:
        """Return the port `name` had before if it is free, else another free one.

        Raises:
            PortError: there is none.
        """
        port = self._ports.get(name, 0)
        for _ in range(ATTEMPTS):
            if port and port not in self._given and is_free(port) and _reserve(port):
                self._given.add(port)
                self._ports[name] = port
                return port
            port = random.randint(FIRST_PORT, LAST_PORT)  # noqa: S311 - not a secret
        msg = f"no free port between {FIRST_PORT} and {LAST_PORT}"
        raise PortError(msg)

    def save(self) -> None:
        """Write what was picked."""
        write_private(self._data.ports, json.dumps(self._ports, indent=1))


def _read(data: DataDir) -> dict[str, int]:
    ports = read_json_object(data.ports) or {}
    return {name: port for name, port in ports.items() if port in range(1, 65_536)}


def pick_edge_port(wanted: int | None) -> int:
    """Return `wanted`, or 8000 or the next free port if None.

    Raises:
        PortError: `wanted` is taken.
    """
    if wanted is not None:
        if is_free(wanted):
            return wanted
        msg = f"port {wanted} is in use; give another one to --port"
        raise PortError(msg)
    for port in range(DEFAULT_EDGE_PORT, DEFAULT_EDGE_PORT + EDGE_PORTS_TRIED):
        if is_free(port):
            return port
    msg = f"no free port from {DEFAULT_EDGE_PORT} on; give one to --port"
    raise PortError(msg)


def loopback_addresses() -> list[str]:
    """Return the addresses the edge listens on: both, where the machine has IPv6."""
    return (
        [LOOPBACK, LOOPBACK_6] if _bind_error(socket.AF_INET6, LOOPBACK_6, 0) == 0 else [LOOPBACK]
    )


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of the loopback addresses."""
    if _bind_error(socket.AF_INET, LOOPBACK, port) == errno.EADDRINUSE:
        return False
    if _bind_error(socket.AF_INET6, LOOPBACK_6, port) == errno.EADDRINUSE:
        return False
    with socket.socket() as probe:  # macOS lets two bind when one of them took every address
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) != 0


def _reserve(port: int) -> bool:
    """Keep other launchers off a port as long as this process lives; False if one has it.

    Seconds pass before a service listens on its port, and it may die and start again: meanwhile
    the port looks free. The reservation is a name in Linux's abstract namespace, which needs no
    file and goes with the process; elsewhere everything may be had.
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
    """Return the error number of listening there, 0 if it works."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0

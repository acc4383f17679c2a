"""Readiness and liveness probes over plain sockets, without importing a client library."""

import asyncio
import struct
from dataclasses import dataclass
from typing import Final, Protocol

from todochat_local.port import LOOPBACK

CHECK_TIMEOUT_S: Final = 2.0
RESPONSE_BYTES: Final = 4096
_POSTGRES_PROTOCOL: Final = 196_608  # 3.0


class Probe(Protocol):
    """Checks whether a process works."""

    async def problem(self) -> str:
        """Return the problem; empty if there is none."""
        ...


@dataclass(frozen=True)
class HttpProbe:
    """Ready when GET `path` returns 200 within `timeout_s`."""

    port: int
    path: str = "/health/ready"
    timeout_s: float = CHECK_TIMEOUT_S

    async def problem(self) -> str:
        """Return the status line if it isn't 200."""
        request = f"GET {self.path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
        response = await exchange(self.port, request.encode(), self.timeout_s)
        line = response.partition(b"\r\n")[0].decode("latin-1")
        return (
            ""
            if line.split(" ")[1:2] == ["200"]
            else f"{self.path} returned {line or 'no response'}"
        )


@dataclass(frozen=True)
class PostgresProbe:
    """Ready when PostgreSQL requests a password; during recovery it returns an error."""

    port: int

    async def problem(self) -> str:
        """Return PostgreSQL's error message."""
        body = struct.pack("!i", _POSTGRES_PROTOCOL) + b"user\0postgres\0\0"
        response = await exchange(self.port, struct.pack("!i", len(body) + 4) + body)
        if response[:1] == b"R":
            return ""
        fields = response[5:].decode(errors="replace").split("\0")
        return next((field[1:] for field in fields if field[:1] == "M"), "no response")


@dataclass(frozen=True)
class ValkeyProbe:
    """Ready when PING returns PONG; while Valkey loads its data it returns LOADING."""

    port: int
    password: str

    async def problem(self) -> str:
        """Return Valkey's reply if it isn't PONG."""
        response = await exchange(self.port, f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
        lines = response.decode(errors="replace").split("\r\n")
        return "" if "+PONG" in lines else " ".join(lines)


async def exchange(port: int, request: bytes, timeout_s: float = CHECK_TIMEOUT_S) -> bytes:
    """Send a request and return the start of the response; empty if the port doesn't respond.

    Reads until end of file, a blank line, PostgreSQL's first message or RESPONSE_BYTES.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(request)
                response = b""
                while len(response) < RESPONSE_BYTES:
                    chunk = await reader.read(RESPONSE_BYTES)
                    response += chunk
                    if not chunk or response[:1] in b"RE" or b"\r\n\r\n" in response:
                        break
                return response
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""

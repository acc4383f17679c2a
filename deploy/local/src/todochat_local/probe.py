"""Is it ready? Small checks over plain sockets, without a client library to import first."""

import asyncio
import struct
from dataclasses import dataclass
from typing import Final, Protocol

from todochat_local.port import LOOPBACK

CHECK_TIMEOUT_S: Final = 2.0
ANSWER_BYTES: Final = 4096
_POSTGRES_PROTOCOL: Final = 196_608  # 3.0


class Probe(Protocol):
    """Tells whether a process does its work."""

    async def problem(self) -> str:
        """Return why not; empty when it does."""
        ...


@dataclass(frozen=True)
class HttpProbe:
    """Ready when GET `path` answers 200 within `timeout_s`."""

    port: int
    path: str = "/health/ready"
    timeout_s: float = CHECK_TIMEOUT_S

    async def problem(self) -> str:
        """Return the status line when it isn't 200."""
        request = f"GET {self.path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
        answer = await _ask(self.port, request.encode(), self.timeout_s)
        line = answer.partition(b"\r\n")[0].decode("latin-1")
        return "" if line.split(" ")[1:2] == ["200"] else f"{self.path} answers {line or 'nothing'}"


@dataclass(frozen=True)
class PostgresProbe:
    """Ready when PostgreSQL asks for a password; while it recovers it answers with an error."""

    port: int

    async def problem(self) -> str:
        """Return what it says instead of asking for a password."""
        body = struct.pack("!i", _POSTGRES_PROTOCOL) + b"user\0postgres\0\0"
        answer = await _ask(self.port, struct.pack("!i", len(body) + 4) + body)
        if answer[:1] == b"R":
            return ""
        fields = answer[5:].decode(errors="replace").split("\0")
        return next((field[1:] for field in fields if field[:1] == "M"), "no answer")


@dataclass(frozen=True)
class ValkeyProbe:
    """Ready when PING is answered; while it loads its data it answers LOADING."""

    port: int
    password: str

    async def problem(self) -> str:
        """Return what it says instead of PONG."""
        answer = await _ask(self.port, f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
        lines = answer.decode(errors="replace").split("\r\n")
        return "" if "+PONG" in lines else " ".join(lines)


async def _ask(port: int, request: bytes, timeout_s: float = CHECK_TIMEOUT_S) -> bytes:
    """Send a request and return the beginning of the answer; empty if nobody answers."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(request)
                return await _read_some(reader)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""


async def _read_some(reader: asyncio.StreamReader) -> bytes:
    """Read until the end, a blank line, PostgreSQL's first message or enough."""
    answer = b""
    while len(answer) < ANSWER_BYTES:
        chunk = await reader.read(ANSWER_BYTES)
        answer += chunk
        if not chunk or answer[:1] in b"RE" or b"\r\n\r\n" in answer:
            break
    return answer

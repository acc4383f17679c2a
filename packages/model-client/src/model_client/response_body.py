"""The body of a response, whose bytes the kernel can collect before they are read."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, Final, Protocol, Self

import aiohttp

_HAS_THRESHOLD: Final = hasattr(socket, "SO_RCVLOWAT")
_READ_BYTES: Final = 64 * 1024
_MAX_STEP: Final = 1.5  # of the threshold, whose change is a system call


class ByteSource(Protocol):
    """The body of a response."""

    async def readany(self) -> bytes:
        """Return all bytes that have arrived; wait for some if there are none, b"" at the end."""
        ...

    def collect(self, size: int, until: float = 0.0) -> None:
        """Don't wake the event loop until this many bytes have arrived, or the connection ends.

        A hint: the loop may be woken earlier. It ends with the next call; 0 reads all at once.

        Args:
            until: the loop's time when what has arrived is read. If that is nothing, the next bytes
                are read at once.
        """
        ...

    def fail(self, error: Exception) -> None:
        """Make the read in progress, and all later ones, raise an error."""
        ...


class IdleWatch:
    """Fails a body whose bytes don't arrive, with one timer for many reads.

    Args:
        limit_s: how long a read may take.

    Attributes:
        waits_since: when the read in progress began; None without one.
    """

    def __init__(self, body: ByteSource, limit_s: float) -> None:
        self.waits_since: float | None = None
        self._body = body
        self._limit_s = limit_s
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(limit_s, self.check)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()

    def check(self) -> None:
        """Fail the body if a read takes longer than the limit; else check again when one may."""
        now = self._loop.time()
        since = now if self.waits_since is None else self.waits_since
        left_s = since + self._limit_s - now
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self.check)
        else:
            self._body.fail(TimeoutError())


class ReadTicks:
    """Reads what several bodies have collected at the same moment.

    So one iteration of the event loop does the same work for all of them, with warm caches.
    """

    def __init__(self) -> None:
        self._bodies: dict[float, list[ResponseBody]] = {}

    def add(self, body: "ResponseBody", at: float) -> None:
        """Read a body at a time of the running event loop, if it collects until then."""
        bodies = self._bodies.get(at)
        if bodies is None:
            bodies = self._bodies[at] = []
            asyncio.get_running_loop().call_at(at, self.read_due, at)
        bodies.append(body)

    def read_due(self, at: float) -> None:
        """Read the bodies that collect until a time."""
        for body in self._bodies.pop(at):
            body.read_collected(at)


class ResponseBody:
    """The body of a response of aiohttp.

    Uses SO_RCVLOWAT (socket(7)): otherwise each token of a model wakes the process.
    """

    def __init__(self, response: aiohttp.ClientResponse, ticks: ReadTicks) -> None:
        self._content = response.content
        self._ticks = ticks
        connection = response.connection
        # Fewer bytes than expected arrive of a compressed body, as some proxies send it unasked.
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        is_plain = encoding in {"", "identity"} and _HAS_THRESHOLD
        self._transport: Any = connection.transport if is_plain and connection is not None else None
        self._threshold = 1
        self._until = 0.0

    async def readany(self) -> bytes:
        """Return all bytes that have arrived; wait for some if there are none, b"" at the end."""
        return await self._content.readany()

    def collect(self, size: int, until: float = 0.0) -> None:
        """Don't wake the event loop until this many bytes have arrived, or the connection ends."""
        if self._transport is None or (size and self._content.is_eof()):
            return  # after the end of the body, the connection may have another request
        if size and until != self._until:
            self._ticks.add(self, until)
        self._until = until if size else 0.0
        if not self._threshold <= size <= self._threshold * _MAX_STEP:
            self.set_threshold(max(size, 1))

    def fail(self, error: Exception) -> None:
        """Make the read in progress, and all later ones, raise an error."""
        self._content.set_exception(error)

    def read_collected(self, at: float) -> None:
        """Read what has arrived, unless it isn't collected any more until this time."""
        transport = self._transport
        if at != self._until or transport.is_closing():
            return
        received = b""
        if transport.get_extra_info("ssl_object") is None and transport.is_reading():
            # The transport would read the same, but in the loop's next iteration and after two more
            # system calls for the threshold.
            with suppress(OSError):  # mostly: nothing has arrived
                received = os.read(transport.get_extra_info("socket").fileno(), _READ_BYTES)
        if received:
            transport.get_protocol().data_received(received)
        if not 0 < len(received) < _READ_BYTES:
            self.set_threshold(1)

    def set_threshold(self, size: int) -> None:
        """Wake the event loop only for this many bytes."""
        if size != self._threshold and not self._transport.is_closing():
            self._threshold = size
            with suppress(OSError):  # sandboxes that emulate a kernel may not know the option
                connection = self._transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

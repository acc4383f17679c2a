"""The writer of streamed bodies: stalled and slow clients, pings, and the end of a stream."""

import asyncio
from typing import Any

import pytest

from todochat.http.asgi import AsgiClient
from todochat.http.body_writer import PING, BodyEnd, BodyWriter, StalledClientError
from todochat.testing import wait_until


class SlowClient(AsgiClient):
    """A client whose buffer shrinks step by step; after the last step it accepts data."""

    def __init__(self, *unsent_bytes: int) -> None:
        self._unsent_bytes = list(unsent_bytes)
        self._has_room = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.sent: list[bytes] = []

    async def send(self, data: bytes) -> None:
        await self._has_room.wait()
        self.sent.append(data)

    async def finish(self) -> None:
        await self.send(b"")

    async def wait_disconnected(self) -> None:
        await self.disconnected.wait()

    def has_drained(self) -> bool:
        return self._has_room.is_set()

    def unsent_bytes(self) -> int:
        left = self._unsent_bytes.pop(0) if self._unsent_bytes else 0
        if not self._unsent_bytes:
            self._has_room.set()
        return left


class Buffer(asyncio.Transport):
    """A transport with some bytes in its buffer, under a server's `receive`."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.transport = self
        self._size_bytes = size_bytes

    def get_write_buffer_size(self) -> int:
        return self._size_bytes

    async def receive(self) -> Any: ...

    async def send(self, message: Any) -> None: ...


@pytest.mark.parametrize(("size_bytes", "has_drained"), [(0, True), (1, False)])
async def test_client_has_drained_without_buffered_bytes(
    size_bytes: int, has_drained: bool
) -> None:
    buffer = Buffer(size_bytes)

    assert AsgiClient(buffer.receive, buffer.send).has_drained() is has_drained


async def test_client_without_a_transport_may_have_buffered_bytes() -> None:
    async def receive() -> Any: ...

    assert not AsgiClient(receive, Buffer(0).send).has_drained()


def writer_to(client: SlowClient) -> BodyWriter:
    return BodyWriter(client, stall_timeout_s=0.01)


async def test_slow_client_stays_connected() -> None:
    client = SlowClient(90, 80, 70, 1)

    await writer_to(client).send(b"frame")

    assert client.sent == [b"frame"]


async def test_writer_raises_when_client_stops_reading() -> None:
    client = SlowClient(90, 80, 80, 1)

    with pytest.raises(StalledClientError):
        await writer_to(client).send(b"frame")

    assert client.sent == []


async def test_writer_raises_when_client_never_reads_the_end() -> None:
    with pytest.raises(StalledClientError):
        await writer_to(SlowClient(90, 90, 1)).finish()


async def test_idle_stream_is_pinged_until_client_disconnects() -> None:
    client = SlowClient()
    writer = writer_to(client)
    stopped = asyncio.Event()

    async def body() -> None:
        try:
            await writer.send(b"frame")
            await wait_until(lambda: client.sent == [b"frame", PING, PING])
            client.disconnected.set()
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with asyncio.timeout(5):
        end = await writer.run(body(), ping_s=0.05)

    assert end is BodyEnd.DISCONNECTED
    assert stopped.is_set()


async def test_stream_ends_with_its_body_or_when_it_is_closed() -> None:
    writer = writer_to(SlowClient())
    closing: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    assert await writer.run(writer.send(b"frame"), closing=closing) is BodyEnd.WRITTEN
    closing.set_result(b"")
    assert await writer.run(asyncio.sleep(60), closing=closing) is BodyEnd.CLOSED


async def test_failure_of_the_body_is_raised() -> None:
    async def body() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await writer_to(SlowClient()).run(body())

"""The kernel collects the bytes of a response before they are read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
import uvloop
from raw_server_kit import HEAD, Connection, RawServer, chunk

from model_client.response_body import IdleWatch, ReadTicks, ResponseBody
from todochat.testing import wait_until

MUCH = 100_000
LONG_S = 3600.0  # no test takes as long
END = b"0\r\n\r\n"
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass
class Opened:
    """A response whose server writes what the test wants."""

    body: ResponseBody
    session: aiohttp.ClientSession
    server: RawServer
    connection: Connection

    async def arrives(self, data: bytes) -> None:
        """Write to the response; return when the kernel has it, and the loop what it was woken for."""
        await self.connection.write(data)
        # Another connection's bytes are written later, and wake the loop.
        assert await (await self.session.get(self.server.url)).read() == b"later"


@asynccontextmanager
async def opened() -> AsyncIterator[Opened]:
    connections: asyncio.Queue[Connection] = asyncio.Queue()

    async def begin(connection: Connection) -> None:
        await connection.write(HEAD)
        connections.put_nowait(connection)

    later = HEAD + chunk(b"later") + END
    async with (
        RawServer(begin, later, later) as server,
        aiohttp.ClientSession() as session,
        session.get(server.url) as response,
    ):
        yield Opened(ResponseBody(response, ReadTicks()), session, server, await connections.get())


def now() -> float:
    return asyncio.get_running_loop().time()


async def wakes_when_all_has_arrived() -> None:
    async with opened() as response:
        response.body.collect(len(chunk(b"1234")) * 2, now() + LONG_S)
        reading = asyncio.create_task(response.body.readany())
        await response.arrives(chunk(b"1234"))
        assert not reading.done()

        await response.connection.write(chunk(b"5678"))

        assert await reading == b"12345678"


async def collected_bytes_are_read_at_their_time() -> None:
    async with opened() as response:
        until = now() + LONG_S
        response.body.collect(MUCH, until)
        reading = asyncio.create_task(response.body.readany())
        await response.arrives(chunk(b"1234"))
        assert not reading.done()

        response.body.read_collected(until)

        assert await reading == b"1234"


async def time_passes() -> None:
    async with opened() as response:
        response.body.collect(MUCH, now() + 0.01)

        await response.connection.write(chunk(b"1234"))

        assert await response.body.readany() == b"1234"


async def bytes_after_an_empty_window_wake_at_once() -> None:
    async with opened() as response:
        until = now() + LONG_S
        response.body.collect(MUCH, until)
        response.body.read_collected(until)
        reading = asyncio.create_task(response.body.readany())

        await response.arrives(chunk(b"5"))

        assert await reading == b"5"


async def later_bytes_wake_again() -> None:
    async with opened() as response:
        response.body.collect(MUCH, now() + LONG_S)
        await response.arrives(chunk(b"1234"))
        response.body.collect(0)

        assert await response.body.readany() == b"1234"


async def end_of_the_connection_wakes() -> None:
    async with opened() as response:
        response.body.collect(MUCH, now() + LONG_S)
        reading = asyncio.create_task(response.body.readany())

        response.connection.reset()

        with pytest.raises(aiohttp.ClientError):
            await reading


async def connection_that_is_used_again_wakes() -> None:
    async with opened() as response:
        await response.arrives(chunk(b"1234") + END)
        assert await response.body.readany() == b"1234"
        response.body.collect(MUCH, now() + LONG_S)

        async with response.session.get(response.server.url) as again:
            assert await again.read() == b"later"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "story",
    [
        wakes_when_all_has_arrived,
        collected_bytes_are_read_at_their_time,
        time_passes,
        bytes_after_an_empty_window_wake_at_once,
        later_bytes_wake_again,
        end_of_the_connection_wakes,
        connection_that_is_used_again_wakes,
    ],
)
def test_reading(story: Callable[[], Awaitable[None]], loop: str) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await story()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(bounded())


async def test_idle_time_counts_only_while_a_read_waits() -> None:
    failures: list[Exception] = []

    class Body:
        async def readany(self) -> bytes:
            return b""

        def collect(self, size: int, until: float = 0.0) -> None: ...

        def fail(self, error: Exception) -> None:
            failures.append(error)

    with IdleWatch(Body(), 0.02) as watch:
        began = now()
        await wait_until(lambda: now() > began + 0.05)  # the reader is busy
        assert failures == []

        watch.waits_since = now()
        await wait_until(lambda: failures)

    assert [type(each) for each in failures] == [TimeoutError]

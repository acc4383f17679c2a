"""SIGTERM: readiness off first, streams finish, exit code 0."""

import asyncio
import contextlib
import signal
import sys
import textwrap
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from todochat.testing import free_port, wait_until

PROGRAM = textwrap.dedent(
    """
    import asyncio, sys
    from litestar import get
    from litestar.response import Stream
    from todochat.http.app import create_app
    from todochat.http.server import run
    from todochat.settings import ServiceSettings

    release = asyncio.Event()

    async def words():
        yield b"one "
        await release.wait()
        yield b"two"

    @get("/stream")
    async def stream() -> Stream:
        return Stream(words())

    @get("/new")
    async def new() -> str:
        return "taken"

    settings = ServiceSettings.load({
        "REDIS_URL": "redis://unused", "DRAIN_DELAY_S": sys.argv[2], "DRAIN_TIMEOUT_S": sys.argv[3],
    })
    app = create_app(name="streamer", settings=settings, route_handlers=[stream, new])

    async def let_streams_end() -> None:
        release.set()

    if sys.argv[4] == "release":
        app.state.drain.on_drain(let_streams_end)
    run(app, settings, host="127.0.0.1", port=int(sys.argv[1]))
    """
)


class Service:
    def __init__(self, process: Process, url: str) -> None:
        self.process, self.url = process, url

    async def answers(
        self, session: aiohttp.ClientSession, path: str = "/health/live"
    ) -> tuple[int, str] | None:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(self.url + path) as response:
                return response.status, await response.text()
        return None


@pytest.fixture
async def start(
    tmp_path: Path, session: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., Awaitable[Service]]]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    services = []

    async def start_service(delay_s: float, timeout_s: float, on_drain: str) -> Service:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), str(port), str(delay_s), str(timeout_s), on_drain,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        service = Service(process, f"http://127.0.0.1:{port}")
        services.append(service)
        await wait_until(lambda: service.answers(session), timeout_s=20)
        return service

    yield start_service
    for service in services:
        if service.process.returncode is None:
            service.process.kill()
            await service.process.wait()


async def test_sigterm_turns_readiness_off_and_accepts_new_requests(
    start: Callable[..., Awaitable[Service]], session: aiohttp.ClientSession
) -> None:
    service = await start(delay_s=30, timeout_s=5, on_drain="release")

    service.process.send_signal(signal.SIGTERM)

    async def draining() -> bool:
        answer = await service.answers(session, "/health/ready")
        return answer is not None and answer[0] == 503

    await wait_until(draining)
    assert await service.answers(session, "/new") == (200, "taken")
    service.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(service.process.wait(), 10) == 0


async def test_open_stream_finishes_during_drain(
    start: Callable[..., Awaitable[Service]], session: aiohttp.ClientSession
) -> None:
    service = await start(delay_s=0, timeout_s=20, on_drain="release")
    async with session.get(service.url + "/stream") as response:
        assert await response.content.readany() == b"one "

        service.process.send_signal(signal.SIGTERM)

        assert await response.content.read() == b"two"
    assert await asyncio.wait_for(service.process.wait(), 10) == 0


async def test_endless_stream_is_aborted_after_drain_timeout(
    start: Callable[..., Awaitable[Service]], session: aiohttp.ClientSession
) -> None:
    service = await start(delay_s=0, timeout_s=1, on_drain="nothing")
    async with session.get(service.url + "/stream") as response:
        assert await response.content.readany() == b"one "

        service.process.send_signal(signal.SIGTERM)

        with contextlib.suppress(aiohttp.ClientPayloadError):
            assert await response.content.read() == b""
    assert await asyncio.wait_for(service.process.wait(), 10) == 0

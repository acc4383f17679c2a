"""Request bodies that are truncated, stall, trickle or can't be decoded."""

import asyncio
import json
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from todochat.testing import free_port, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROGRAM = textwrap.dedent(
    """
    import sys
    from typing import Any

    import msgspec
    from litestar import Request, post
    from litestar.params import JSONBody
    from todochat.http.app import create_app
    from todochat.http.server import run
    from todochat.settings import ServiceSettings

    class Order(msgspec.Struct):
        amount: int

    @post("/decoded")
    async def decoded(data: JSONBody[Order]) -> None: ...

    @post("/raw")
    async def raw(request: Request[Any, Any, Any]) -> str:
        return str(len(await request.body()))

    @post("/form")
    async def form(request: Request[Any, Any, Any]) -> str:
        return str(len(await request.form()))

    settings = ServiceSettings.load(
        {"REDIS_URL": "redis://unused", "DRAIN_DELAY_S": "0", "BODY_TIMEOUT_S": "0.5"}
    )
    app = create_app(name="shop", settings=settings, route_handlers=[decoded, raw, form])
    run(app, settings, host="127.0.0.1", port=int(sys.argv[1]))
    """
)


class Shop:
    """The program as a process, with its log in a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = free_port()

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    @property
    def answered(self) -> list[tuple[object, object]]:
        return [(event["route"], event["status"]) for event in self.events if "route" in event]

    async def answers(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"http://127.0.0.1:{self.port}/raw", data=b"four") as response,
            ):
                return await response.text() == "4"
        except aiohttp.ClientError:
            return False

    async def upload_partly(self, path: str, content_type: str) -> None:
        _, writer = await self.begin_upload(path, content_type)
        writer.close()
        await writer.wait_closed()

    async def begin_upload(
        self, path: str, content_type: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
        writer.write(f"{head}Content-Length: 1000\r\n\r\n{'x' * 10}".encode())
        await writer.drain()
        return reader, writer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """A running shop."""
    shop = Shop(tmp_path_factory.mktemp("shop") / "log")
    with shop.log.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(shop.port), stdout=log, stderr=log
        )
    try:
        await wait_until(shop.answers, 20)
        yield shop
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()


ROUTES = [
    ("/decoded", "application/json"),
    ("/raw", "application/octet-stream"),
    ("/form", "multipart/form-data; boundary=b"),
]


@pytest.mark.parametrize(("path", "content_type"), ROUTES)
async def test_truncated_body_is_a_bad_request(shop: Shop, path: str, content_type: str) -> None:
    await shop.upload_partly(path, content_type)

    await wait_until(lambda: (path, 400) in shop.answered)
    assert {event["level"] for event in shop.events} == {"info"}
    assert await shop.answers()


@pytest.mark.parametrize("nested", ["[" * 5_000, '{"amount":' * 5_000])
async def test_deeply_nested_body_is_a_bad_request(shop: Shop, nested: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{shop.port}/decoded",
            data=nested,
            headers={"Content-Type": "application/json"},
        ) as response,
    ):
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["type"]) == (400, "urn:todochat:problem:bad-request")


async def test_stalled_body_gets_408_and_is_disconnected(shop: Shop) -> None:
    stalled = [await shop.begin_upload(*route) for route in ROUTES]

    answers = [await asyncio.wait_for(reader.read(), 10) for reader, _ in stalled]

    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert all(b"urn:todochat:problem:request-timeout" in answer for answer in answers)
    assert {event["level"] for event in shop.events} == {"info"}
    for _, writer in stalled:
        writer.close()


async def test_trickling_body_gets_408(shop: Shop) -> None:
    reader, writer = await shop.begin_upload("/raw", "application/octet-stream")
    answer = asyncio.create_task(reader.read())

    while not answer.done():  # one byte well within each allowed pause
        writer.write(b"x")
        await asyncio.wait([answer], timeout=0.05)

    assert (await answer).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_slow_body_within_each_pause_limit_is_accepted(shop: Shop) -> None:
    stalled, stalled_writer = await shop.begin_upload("/raw", "application/octet-stream")
    timed_out = asyncio.create_task(stalled.read())
    reader, writer = await shop.begin_upload("/raw", "application/octet-stream")
    sent = 10

    while not timed_out.done():
        writer.write(b"x" * 30)
        sent += 30
        await asyncio.wait([timed_out], timeout=0.05)
    writer.write(b"x" * (1000 - sent))

    assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 201 Created\r\n"
    writer.close()
    stalled_writer.close()

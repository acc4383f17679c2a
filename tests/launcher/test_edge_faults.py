"""Broken, stalled or malformed clients, and frozen services, don't affect other requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from launcher.edge_kit import Answer, Edge, Upstream, running_edge
from todochat.testing import free_port, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ("/api/auth/me", "/api/u/chat", "/api/u/tasks")
CHUNKED = "Transfer-Encoding: chunked"
MALFORMED = {
    "no hexadecimal length": b"zz\r\n",
    "negative length": b"-1\r\n",
    "empty length": b"\r\n",
    "length of 68 bits": b"fffffffffffffffff\r\n",
    "chunk longer than its length": b"2\r\nabXX",
    "bare line feed": b"2\nab\n",
    "malformed trailer": b"2\r\nab\r\n0\r\nno colon\r\n\r\n",
}
HALF_SENT = 200
SHORT_TIMEOUTS = {
    "EDGE_HEADER_TIMEOUT": "3s",  # a busy machine may pause between connecting and sending
    "EDGE_BODY_TIMEOUT": "1s",
    "EDGE_ANSWER_TIMEOUT": "1s",
    "EDGE_CHAT_ANSWER_TIMEOUT": "500ms",  # starts at the end of an upload
    "EDGE_UPLOAD_TIMEOUT": "3s",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstreams() -> dict[str, Upstream]:
    return {name: Upstream(name) for name in ("auth", "gateway", "tasks")}


def edge_in_front_of(
    upstreams: dict[str, Upstream], folder: Path, settings: Mapping[str, str] | None = None
) -> AbstractAsyncContextManager[Edge]:
    auth, gateway, tasks = upstreams.values()
    return running_edge(folder, auth=auth, gateways=[gateway], tasks=tasks, settings=settings)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def edge(
    upstreams: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Edge]:
    """An edge with the default timeouts."""
    async with edge_in_front_of(upstreams, tmp_path_factory.mktemp("caddy")) as edge:
        yield edge


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def impatient_edge(
    upstreams: dict[str, Upstream], edge: Edge, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Edge]:
    """A second edge with short timeouts, in front of the same upstreams."""
    folder = tmp_path_factory.mktemp("impatient-caddy")
    async with edge_in_front_of(upstreams, folder, SHORT_TIMEOUTS) as second_edge:
        yield second_edge


def is_problem(answer: Answer, status: int) -> bool:
    return answer.status == status and (
        answer.headers["content-type"] == "application/problem+json"
        and f'"status":{status}'.encode() in answer.body
    )


async def post_malformed(
    edge: Edge, path: str, body: bytes = b"zz\r\n", *, method: str = "POST"
) -> Answer:
    reader, writer = await edge.open(path, CHUNKED, method=method)
    writer.write(body)
    return await edge.read(reader, writer)


async def hang_up(edge: Edge, path: str) -> None:
    """Disconnect after half of a body."""
    _, writer = await edge.open(path, "Content-Length: 1000", method="POST")
    writer.write(bytes(500))
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_body_is_answered_400(edge: Edge, body: bytes) -> None:
    answer = await post_malformed(edge, "/api/u/chat", body)

    assert is_problem(answer, 400)


async def test_body_shorter_than_its_content_length_is_a_client_error(edge: Edge) -> None:
    """Go reports the early end to the body's reader and cancels the request, whichever is first."""
    reader, writer = await edge.open("/api/u/chat", "Content-Length: 1000", method="POST")
    writer.write(bytes(500))
    writer.write_eof()

    answer = await edge.read(reader, writer)

    assert is_problem(answer, 400) or is_problem(answer, 408)


async def test_malformed_bodies_and_disconnects_do_not_count_as_failures(tmp_path: Path) -> None:
    """Caddy leaves an upstream out, and delays its requests, while it counts failures."""
    admin = f"127.0.0.1:{free_port()}"
    async with (
        running_edge(tmp_path, settings={"EDGE_ADMIN": admin}) as edge,
        httpx.AsyncClient(base_url=f"http://{admin}") as client,
    ):
        for path in PATHS:
            await asyncio.gather(
                *(post_malformed(edge, path, body) for body in MALFORMED.values()),
                *(hang_up(edge, path) for _ in MALFORMED),
            )

            upstreams = (await client.get("/reverse_proxy/upstreams")).json()
            answer = await edge.get(path)

            assert [upstream["fails"] for upstream in upstreams] == [0] * len(PATHS)
            assert answer.status == 200


async def test_read_with_a_malformed_body_is_tried_once(
    edge: Edge, upstreams: dict[str, Upstream]
) -> None:
    before = upstreams["tasks"].connections

    answer = await post_malformed(edge, "/api/u/tasks", b"2\r\nabXX", method="GET")

    assert is_problem(answer, 400)
    assert upstreams["tasks"].connections - before <= 1  # the upstream may not have received it yet


async def test_incomplete_requests_time_out(impatient_edge: Edge) -> None:
    bodies = [
        await impatient_edge.open("/api/u/tasks", "Content-Length: 1000", method="POST")
        for _ in range(HALF_SENT)
    ]
    for _, writer in bodies[::2]:
        writer.write(bytes(500))
    heads = [
        await asyncio.open_connection("127.0.0.1", impatient_edge.port) for _ in range(HALF_SENT)
    ]
    for _, writer in heads:
        writer.write(b"POST /api/u/tasks HTTP/1.1\r\nHost: ed")

    answers = await asyncio.gather(*(impatient_edge.read(*connection) for connection in bodies))
    rests = await asyncio.gather(*(asyncio.wait_for(reader.read(), 15) for reader, _ in heads))

    assert all(is_problem(answer, 408) for answer in answers)
    assert set(rests) <= {b"", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"}
    for _, writer in heads:
        writer.close()


async def test_slow_upload_outlasts_pause_and_response_timeouts(impatient_edge: Edge) -> None:
    stalled = asyncio.create_task(stall(impatient_edge))
    reader, writer = await impatient_edge.open(
        "/api/u/chat", "Content-Length: 1000000", method="POST"
    )
    sent = 0

    while not stalled.done():  # at least as long as a pause may be
        writer.write(bytes(1000))
        sent += 1000
        await asyncio.wait([stalled], timeout=0.1)
    writer.write(bytes(1_000_000 - sent))

    assert (await impatient_edge.read(reader, writer)).status == 200
    assert (await stalled).status == 408


async def stall(edge: Edge) -> Answer:
    """Send half of a body and wait until the edge gives up."""
    reader, writer = await edge.open("/api/auth/me", "Content-Length: 1000", method="POST")
    writer.write(bytes(500))
    return await edge.read(reader, writer)


@pytest.mark.parametrize("body", [b"", bytes(100_000)], ids=["GET", "POST"])
async def test_stream_outlasts_the_request_timeouts(
    impatient_edge: Edge, upstreams: dict[str, Upstream], body: bytes
) -> None:
    upstream = upstreams["gateway"]
    upstream.first_frame_taken.clear()
    method = "POST" if body else "GET"
    reader, writer = await impatient_edge.open(
        "/api/u/chat/stream", f"Content-Length: {len(body)}", method=method
    )
    writer.write(body)
    await reader.readuntil(b"data: 1\n\n")

    await stall(impatient_edge)  # lasts as long as each limit
    upstream.first_frame_taken.set()
    await reader.readuntil(b"data: 2\n\n")

    writer.close()
    await wait_until(lambda: upstream.open_streams == 0)


async def test_frozen_service_returns_503_within_the_response_timeout(
    impatient_edge: Edge, upstreams: dict[str, Upstream]
) -> None:
    upstreams["auth"].freeze()

    answer = await impatient_edge.get("/api/auth/me", method="POST", body=b"{}")
    upstreams["auth"].thaw()

    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "2"


async def test_upload_to_a_frozen_service_times_out(
    impatient_edge: Edge, upstreams: dict[str, Upstream]
) -> None:
    upstreams["auth"].freeze()
    reader, writer = await impatient_edge.open(
        "/api/auth/me", "Content-Length: 12000000", method="POST"
    )
    writer.write(bytes(12_000_000))

    with suppress(ConnectionError):  # Go resets a connection whose client is still sending
        assert b"503" in await asyncio.wait_for(reader.read(), 15)
    upstreams["auth"].thaw()
    writer.close()


async def test_frozen_instance_gets_no_requests_until_it_resumes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    auth, tasks = Upstream("auth"), Upstream("tasks")
    gateways = [Upstream("first"), Upstream("second")]
    async with running_edge(
        tmp_path_factory.mktemp("frozen"),
        auth=auth,
        gateways=gateways,
        tasks=tasks,
        settings={"EDGE_HEALTH_CHECKS": "on", "EDGE_CHAT_ANSWER_TIMEOUT": "1s"},
    ) as two:

        async def are_serving(*names: str) -> bool:
            answers = await asyncio.gather(*(two.get("/api/u/chat") for _ in range(6)))
            return {answer.served_by for answer in answers} == set(names)

        await wait_until(lambda: are_serving("first", "second"))

        gateways[0].freeze()
        await wait_until(lambda: are_serving("second"), 20)
        await asyncio.gather(*(post_malformed(two, "/api/u/chat") for _ in range(5)))
        assert await are_serving("second")
        gateways[0].thaw()

        await wait_until(lambda: are_serving("first", "second"))

"""Redis outages: fast 503s, no crash, automatic recovery."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway

from todochat.testing import wait_until
from todochat.testing.servers import ValkeyProcess

CREATE = {"type": "threads.create", "params": {}}


@pytest.fixture
def valkey() -> Iterator[ValkeyProcess]:
    process = ValkeyProcess()
    process.start()
    yield process
    process.stop()


@pytest.fixture
def redis_url(valkey: ValkeyProcess) -> str:
    """A Redis of this module's own, which tests can kill."""
    return valkey.url


def process_of(valkey: ValkeyProcess) -> subprocess.Popen[bytes]:
    assert valkey.process is not None
    return valkey.process


def kill(valkey: ValkeyProcess) -> None:
    process_of(valkey).kill()
    process_of(valkey).wait()


async def test_every_route_returns_503_without_redis_and_recovers(
    agent: FakeAgent, gateway: Gateway, valkey: ValkeyProcess, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    routes = [
        ("POST", "", CREATE),
        ("GET", "/runs?thread_id=t", None),
        ("GET", f"/runs/{run_id}/events", None),
        ("POST", f"/runs/{run_id}/cancel", None),
    ]
    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200
    kill(valkey)

    async with asyncio.timeout(10):
        for method, path, body in routes:
            async with ann.request(method, path, body=body) as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) >= 1
                problem = await response.json(content_type="application/problem+json")
            assert problem["type"] == "urn:todochat:problem:store-unavailable"

    valkey.start()

    async def is_back() -> bool:
        return (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200

    await wait_until(is_back)
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        assert b"hi" in await stream.read_to_end()


async def test_open_stream_survives_data_loss_of_redis(
    agent: FakeAgent, gateway: Gateway, valkey: ValkeyProcess, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "one", end=None)
        assert b"one" in await stream.next_event()
        kill(valkey)
        valkey.start()

        writer = await agent.claim(run_id, attempt=2, seq_high=1)
        await writer.append(b'{"type":"progress_update","text":"two"}')
        await writer.end("completed")

        assert await stream.next_event() == b"id: 20000\n: snapshot\n\n"
        rest = await stream.read_to_end()
        assert rest.startswith(b'id: 20001\ndata: {"type":"progress_update"')
        assert rest.endswith(b"id: 20002\n: end completed\n\n")


async def test_stream_ends_cleanly_when_client_closes_during_redis_outage(
    agent: FakeAgent, gateway: Gateway, valkey: ValkeyProcess, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        kill(valkey)
        stream.close()

    await wait_until(lambda: gateway.hub.viewers == 0)
    await wait_until(lambda: len(gateway.server.server_state.tasks) == 0, timeout_s=20)


async def test_hanging_redis_returns_503_within_timeout(
    agent: FakeAgent, gateway: Gateway, valkey: ValkeyProcess, ann: Browser
) -> None:
    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200
    process_of(valkey).send_signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(8):
            status, problem = await ann.fetch_json("POST", "", body=CREATE)
    finally:
        process_of(valkey).send_signal(signal.SIGCONT)

    assert (status, problem["type"]) == (503, "urn:todochat:problem:store-unavailable")


async def test_gateway_starts_before_redis_and_becomes_ready(
    agent: FakeAgent,
    valkey: ValkeyProcess,
    start_gateway: StartGateway,
    browser_at: BrowserAt,
    session: aiohttp.ClientSession,
) -> None:
    kill(valkey)
    gateway = await start_gateway()
    ann = browser_at(gateway)

    async def readiness() -> int:
        async with session.get(f"{gateway.url}/health/ready") as response:
            return response.status

    assert await readiness() == 503
    assert (await ann.fetch_json("POST", "", body=CREATE))[0] == 503

    valkey.start()
    await wait_until(lambda: is_ready(readiness))
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        assert b"hi" in await stream.read_to_end()


async def is_ready(readiness: Callable[[], Awaitable[int]]) -> bool:
    return await readiness() == 200

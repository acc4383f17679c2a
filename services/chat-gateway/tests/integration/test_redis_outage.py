"""Redis away: fast refusals, no crash, and healing by itself."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

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
    """In this module Redis is one that can be killed."""
    return valkey.url


def kill(valkey: ValkeyProcess) -> None:
    valkey.process.kill()
    valkey.process.wait()


async def test_without_redis_every_route_answers_503_and_comes_back_by_itself(
    agent, gateway, valkey, ann
):
    run_id = await agent.accept_run("usr_ann")
    routes = [
        ("POST", "", CREATE),
        ("GET", "/runs?thread_id=t", None),
        ("GET", f"/runs/{run_id}/events", None),
        ("POST", f"/runs/{run_id}/cancel", None),
    ]
    assert (await ann.ask("GET", "/runs?thread_id=t"))[0] == 200
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
        return (await ann.ask("GET", "/runs?thread_id=t"))[0] == 200

    await wait_until(is_back)
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.say(await agent.last_run(), "hi")
        assert b"hi" in await stream.rest()


async def test_an_open_stream_outlives_a_redis_that_lost_everything(agent, gateway, valkey, ann):
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.last_run()
        await agent.say(run_id, "one", end=None)
        assert b"one" in await stream.next_event()
        kill(valkey)
        valkey.start()

        writer = await agent.claim(run_id, attempt=2, seq_high=1)
        await writer.append(b'{"type":"progress_update","text":"two"}')
        await writer.end("completed")

        assert await stream.next_event() == b"id: 10001\n: snapshot\n\n"
        rest = await stream.rest()
        assert rest.startswith(b'id: 10002\ndata: {"type":"progress_update"')
        assert rest.endswith(b"id: 10003\n: end completed\n\n")


async def test_a_client_that_closes_while_redis_is_away_ends_its_stream_cleanly(
    agent, gateway, valkey, ann
):
    async with ann.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)
        kill(valkey)
        stream.close()

    await wait_until(lambda: gateway.hub.viewers == 0)
    await wait_until(lambda: len(gateway.server.server_state.tasks) == 0, timeout_s=20)


async def test_a_redis_that_hangs_is_not_waited_for(agent, gateway, valkey, ann):
    assert (await ann.ask("GET", "/runs?thread_id=t"))[0] == 200
    valkey.process.send_signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(8):
            status, problem = await ann.ask("POST", "", body=CREATE)
    finally:
        valkey.process.send_signal(signal.SIGCONT)

    assert (status, problem["type"]) == (503, "urn:todochat:problem:store-unavailable")


async def test_a_gateway_may_start_before_redis(agent, valkey, start_gateway, browser_at, session):
    kill(valkey)
    gateway = await start_gateway()
    ann = browser_at(gateway)

    async def readiness() -> int:
        async with session.get(f"{gateway.url}/health/ready") as response:
            return response.status

    assert await readiness() == 503
    assert (await ann.ask("POST", "", body=CREATE))[0] == 503

    valkey.start()
    await wait_until(lambda: is_ready(readiness))
    async with ann.stream("POST", "", body=CREATE) as stream:
        await agent.say(await agent.last_run(), "hi")
        assert b"hi" in await stream.rest()


async def is_ready(readiness) -> bool:
    return await readiness() == 200

"""A full Redis: new turns get 503, everything else works."""

import time

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway
from redis.asyncio import Redis

from todochat.testing import wait_until
from todochat.testing.memory import out_of_memory

CREATE = {"type": "threads.create", "params": {}}


@pytest.mark.parametrize("body", [CREATE, {"message": "hi"}], ids=["chatkit", "simple"])
async def test_turn_returns_503_on_full_redis_and_works_after_memory_is_freed(
    agent: FakeAgent, redis: Redis, ann: Browser, body: dict[str, object]
) -> None:
    # The script frees the memory of an expired slot first, which used to disable the check.
    await redis.zadd("gateway:{usr_ann}:streams", {"vwr_gone": time.time() - 1})

    async with out_of_memory(redis), ann.request("POST", "", body=body) as response:
        assert response.status == 503
        assert int(response.headers["Retry-After"]) >= 1
        problem = await response.json(content_type="application/problem+json")

    assert problem["type"] == "urn:todochat:problem:store-unavailable"
    assert agent.received == []
    async with ann.stream("POST", "", body=body) as stream:
        await agent.publish_texts(await agent.latest_run_id(), "hello")
        assert b"hello" in await stream.read_to_end()


async def test_runs_can_be_found_watched_and_cancelled_on_full_redis(
    agent: FakeAgent, redis: Redis, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    writer = await agent.claim(run_id)

    async with out_of_memory(redis):
        found, _ = await ann.fetch_json("GET", f"/runs?thread_id=thr_of_{run_id}")
        stopped, _ = await ann.fetch_json("POST", f"/runs/{run_id}/cancel")
        async with ann.stream("GET", f"/runs/{run_id}/events", X_Resumable="1") as stream:
            await writer.end("cancelled")
            rest = await stream.read_to_end()

    assert (found, stopped) == (200, 202)
    assert rest == b"id: 1\n: end cancelled\n\n"


async def test_first_plain_request_is_admitted_on_full_redis(redis: Redis, ann: Browser) -> None:
    async with out_of_memory(redis):
        status, _ = await ann.fetch_json("POST", "", body={"type": "threads.list", "params": {}})

    assert status == 200
    assert await redis.get("gateway:{usr_ann}:turns") is None


async def test_sign_out_message_works_on_full_redis(
    agent: FakeAgent, redis: Redis, gateway: Gateway, browser_at: BrowserAt
) -> None:
    signed_out, other_session = browser_at(gateway, sid="ses_1"), browser_at(gateway, sid="ses_2")
    async with signed_out.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)

        async with out_of_memory(redis):
            await redis.publish("auth:revocations", "ses_1")
            assert await stream.read_to_end() == b": unauthorized\n\n"
            refused, _ = await signed_out.fetch_json("GET", "/runs?thread_id=t")
            allowed, _ = await other_session.fetch_json("GET", "/runs?thread_id=t")

    assert (refused, allowed) == (401, 200)


async def test_sign_out_missing_in_redis_is_read_from_auth_session(
    agent: FakeAgent,
    start_gateway: StartGateway,
    browser_at: BrowserAt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("todochat.identity.revocation_feed.POLL_S", 0.05)
    gateway = await start_gateway()
    ann = browser_at(gateway, sid="ses_1")
    async with ann.stream("POST", "", body=CREATE) as stream:
        await wait_until(lambda: gateway.hub.viewers == 1)

        agent.revoked["ses_1"] = time.time() + 900

        assert await stream.read_to_end() == b": unauthorized\n\n"
    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 401

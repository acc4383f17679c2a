"""Sign-out and expiry of a secret while streams are open."""

import time

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, make_viewer
from redis.asyncio import Redis

from chat_gateway.streams.stream_format import UNAUTHORIZED
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.identity.revocation import RevocationSet
from todochat.testing import wait_until

CREATE = {"type": "threads.create", "params": {}}


async def sign_out(redis: Redis, sid: str, *, publish: bool = True) -> None:
    """Revoke a session as auth-session does."""
    await redis.zadd("auth:revoked", {sid: time.time() + 3600})
    if publish:
        await redis.publish("auth:revocations", sid)


@pytest.mark.parametrize("publish", [True, False], ids=["message-received", "message-lost"])
async def test_sign_out_closes_only_the_streams_of_its_session(
    agent: FakeAgent, redis: Redis, gateway: Gateway, browser_at: BrowserAt, publish: bool
) -> None:
    signed_out, other_session = browser_at(gateway, sid="ses_1"), browser_at(gateway, sid="ses_2")
    async with (
        signed_out.stream("POST", "", body=CREATE) as plain,
        signed_out.stream("POST", "", body=CREATE, X_Resumable="1") as resumable,
        other_session.stream("POST", "", body=CREATE) as other,
    ):
        other_run = await agent.latest_run_id()
        await wait_until(lambda: gateway.hub.viewers == 3)

        await sign_out(redis, "ses_1", publish=publish)

        assert await plain.read_to_end() == b": unauthorized\n\n"
        assert await resumable.read_to_end() == b": unauthorized\n\n"
        await agent.publish_texts(other_run, "continues")
        assert b"continues" in await other.read_to_end()

    assert await redis.zcard("gateway:absent") == 0
    assert agent.cancelled == []


async def test_sign_out_between_admission_and_first_byte_closes_stream(redis: Redis) -> None:
    viewer = make_viewer()
    await sign_out(redis, "ses_1", publish=False)

    await ViewerLeases(redis, RevocationSet(redis), 30).acquire(viewer)

    assert viewer.close_reason.result() == UNAUTHORIZED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("GET", "/runs?thread_id=t"),
        ("GET", "/runs/run_1/events"),
        ("POST", "/runs/run_1/cancel"),
    ],
)
async def test_signed_out_secret_returns_401(
    agent: FakeAgent, redis: Redis, ann: Browser, method: str, path: str
) -> None:
    await sign_out(redis, "ses_1")

    status, problem = await ann.fetch_json(method, path, body=CREATE if path == "" else None)

    assert (status, problem["type"]) == (401, "urn:todochat:problem:unauthorized")
    assert agent.received == []


async def test_expired_revocation_is_ignored(agent: FakeAgent, redis: Redis, ann: Browser) -> None:
    await redis.zadd("auth:revoked", {"ses_1": time.time() - 1})

    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200


async def test_expired_secret_ends_stream_with_reconnect(
    agent: FakeAgent, redis: Redis, gateway: Gateway, browser_at: BrowserAt
) -> None:
    short = browser_at(gateway, ttl_s=3)
    async with short.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "half", end=None)

        rest = await stream.read_to_end()

    assert rest.startswith(b"id: 1\ndata: ")
    assert rest.endswith(b"\n\n: reconnect\n\n")
    async with browser_at(gateway).stream(
        "GET", f"/runs/{run_id}/events", Last_Event_ID="1", X_Resumable="1"
    ) as again:
        await (await agent.claim(run_id, attempt=2)).end("completed")
        assert await again.read_to_end() == b"id: 2\n: end completed\n\n"
    assert await redis.zcard("gateway:absent") == 0


async def test_expired_secret_returns_401(
    agent: FakeAgent, gateway: Gateway, browser_at: BrowserAt
) -> None:
    status, problem = await browser_at(gateway, ttl_s=-60).fetch_json("POST", "", body=CREATE)

    assert (status, problem["type"]) == (401, "urn:todochat:problem:unauthorized")

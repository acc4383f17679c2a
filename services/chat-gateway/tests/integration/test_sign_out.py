"""Sign-out and the end of a secret's time, while streams are open."""

import time

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway
from redis.asyncio import Redis

from chat_gateway.streams.stream_format import UNAUTHORIZED, PlainFormat
from chat_gateway.streams.viewer import StreamViewer
from chat_gateway.streams.viewer_leases import ViewerLeases
from todochat.identity.revocation import RevocationSet
from todochat.identity.tokens import Identity
from todochat.testing import wait_until

CREATE = {"type": "threads.create", "params": {}}


async def sign_out(redis: Redis, sid: str, *, publish: bool = True) -> None:
    """Do as auth-session does."""
    await redis.zadd("auth:revoked", {sid: time.time() + 3600})
    if publish:
        await redis.publish("auth:revocations", sid)


@pytest.mark.parametrize("publish", [True, False], ids=["heard", "message-lost"])
async def test_sign_out_closes_the_sessions_streams_and_no_others(
    agent: FakeAgent, redis: Redis, gateway: Gateway, browser_at: BrowserAt, publish: bool
) -> None:
    here, elsewhere = browser_at(gateway, sid="ses_1"), browser_at(gateway, sid="ses_2")
    async with (
        here.stream("POST", "", body=CREATE) as plain,
        here.stream("POST", "", body=CREATE, X_Resumable="1") as resumable,
        elsewhere.stream("POST", "", body=CREATE) as other,
    ):
        other_run = await agent.latest_run_id()
        await wait_until(lambda: gateway.hub.viewers == 3)

        await sign_out(redis, "ses_1", publish=publish)

        assert await plain.read_to_end() == b": unauthorized\n\n"
        assert await resumable.read_to_end() == b": unauthorized\n\n"
        await agent.publish_texts(other_run, "goes on")
        assert b"goes on" in await other.read_to_end()

    assert await redis.zcard("gateway:absent") == 0
    assert agent.cancelled == []


async def test_a_sign_out_between_admission_and_first_byte_is_not_missed(redis: Redis) -> None:
    identity = Identity("usr_ann", "ses_1", int(time.time()) + 60, "client-secret")
    viewer = StreamViewer(
        viewer_id="vwr_1",
        identity=identity,
        run_id="run_1",
        thread_id="thr_1",
        after=0,
        active=True,
        stream_format=PlainFormat(),
        is_resumable=False,
        can_reattach=False,
        started_at=0.0,
    )
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
async def test_a_signed_out_secret_opens_nothing(
    agent: FakeAgent, redis: Redis, ann: Browser, method: str, path: str
) -> None:
    await sign_out(redis, "ses_1")

    status, problem = await ann.fetch_json(method, path, body=CREATE if path == "" else None)

    assert (status, problem["type"]) == (401, "urn:todochat:problem:unauthorized")
    assert agent.received == []


async def test_a_revocation_that_outlived_its_tokens_shuts_nobody_out(
    agent: FakeAgent, redis: Redis, ann: Browser
) -> None:
    await redis.zadd("auth:revoked", {"ses_1": time.time() - 1})

    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200


async def test_at_the_secrets_end_the_client_is_asked_to_reattach(
    agent: FakeAgent, redis: Redis, gateway: Gateway, browser_at: BrowserAt
) -> None:
    short = browser_at(gateway, ttl_s=1)
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


async def test_a_secret_that_has_expired_opens_nothing(
    agent: FakeAgent, gateway: Gateway, browser_at: BrowserAt
) -> None:
    status, problem = await browser_at(gateway, ttl_s=-60).fetch_json("POST", "", body=CREATE)

    assert (status, problem["type"]) == (401, "urn:todochat:problem:unauthorized")

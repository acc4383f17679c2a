"""Limits, each just below and just above."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

import aiohttp
import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway
from redis.asyncio import Redis

from todochat.testing import wait_until

LIST = {"type": "threads.list", "params": {}}
CREATE = {"type": "threads.create", "params": {}}


async def start_turn(browser: Browser, agent: FakeAgent, **headers: str) -> int:
    async with browser.request("POST", "", body=CREATE, **headers) as response:
        if response.status == 200:
            await agent.publish_texts(await agent.latest_run_id())
            await response.read()
        return response.status


async def test_sixty_first_turn_in_a_minute_returns_429(agent: FakeAgent, ann: Browser) -> None:
    statuses = [await start_turn(ann, agent) for _ in range(60)]

    async with ann.request("POST", "", body=CREATE) as response:
        problem = await response.json(content_type="application/problem+json")
        retry_after_s = int(response.headers["Retry-After"])

    assert set(statuses) == {200}
    assert (response.status, problem["type"]) == (429, "urn:todochat:problem:too-many-turns")
    assert 0 < retry_after_s <= 60
    assert len(agent.received) == 60


async def test_plain_request_301_in_a_minute_returns_429(agent: FakeAgent, ann: Browser) -> None:
    async def list_threads() -> int:
        return (await ann.fetch_json("POST", "", body=LIST))[0]

    statuses = []
    for _ in range(20):
        statuses += await asyncio.gather(*(list_threads() for _ in range(15)))
    async with ann.request("GET", "/runs?thread_id=t") as response:
        problem = await response.json(content_type="application/problem+json")

    assert len(statuses) == 300
    assert set(statuses) == {200}
    assert (response.status, problem["type"]) == (429, "urn:todochat:problem:too-many-requests")
    assert 0 < int(response.headers["Retry-After"]) <= 60


async def test_turn_and_request_rates_are_independent(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(
        CHAT_GATEWAY_TURNS_PER_MINUTE="2", CHAT_GATEWAY_REQUESTS_PER_MINUTE="3"
    )
    ann = browser_at(gateway)

    lists = [(await ann.fetch_json("POST", "", body=LIST))[0] for _ in range(2)]
    turns = [await start_turn(ann, agent) for _ in range(3)]
    lists += [(await ann.fetch_json("POST", "", body=LIST))[0] for _ in range(2)]

    assert turns == [200, 200, 429]
    assert lists == [200, 200, 200, 429]


async def test_streaming_request_type_costs_a_turn_even_if_it_gets_json(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_TURNS_PER_MINUTE="2"))
    agent.responses.append((200, {}, {}))

    assert (await ann.fetch_json("POST", "", body=CREATE))[0] == 200

    assert await redis.zcard("gateway:{usr_ann}:streams") == 0
    assert await start_turn(ann, agent) == 200
    assert await start_turn(ann, agent) == 429


async def test_unknown_request_type_costs_no_turn(
    agent: FakeAgent, redis: Redis, ann: Browser
) -> None:
    agent.fail_next(400, "unknown-request-type")

    status, _ = await ann.fetch_json("POST", "", body={"type": "unknown.type"})

    assert status == 400
    assert await redis.get("gateway:{usr_ann}:requests") == b"1"
    assert await redis.get("gateway:{usr_ann}:turns") is None


@pytest.mark.parametrize("path", ["", "/runs/run_1/events", "/export"])
async def test_options_request_costs_no_turn_and_no_stream_slot(
    redis: Redis, ann: Browser, path: str
) -> None:
    async with ann.request("OPTIONS", path) as response:
        assert response.status == 204

    assert await redis.get("gateway:{usr_ann}:turns") is None
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "", {"Idempotency_Key": "not valid"}),
        ("GET", "/runs/run_1/events", {"Last_Event_ID": "not a number"}),
        ("POST", "/attachments/not%20valid/content", {}),
    ],
)
async def test_invalid_request_releases_its_stream_slot(
    redis: Redis, ann: Browser, method: str, path: str, headers: dict[str, str]
) -> None:
    body = CREATE if method == "POST" else None

    status, _ = await ann.fetch_json(method, path, body=body, **headers)

    assert status in (400, 404)
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


async def test_refused_turn_counts_as_a_turn(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_TURNS_PER_MINUTE="1"))
    agent.fail_next(409, "thread-busy")

    assert await start_turn(ann, agent) == 409
    assert await start_turn(ann, agent) == 429


async def test_rates_count_per_user_over_all_secrets_and_gateways(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    limit = {"CHAT_GATEWAY_REQUESTS_PER_MINUTE": "2"}
    first_gateway, second_gateway = await start_gateway(**limit), await start_gateway(**limit)
    path = "/runs?thread_id=t"

    first = await browser_at(first_gateway, sid="ses_1").fetch_json("GET", path)
    second = await browser_at(second_gateway, sid="ses_2").fetch_json("GET", path)
    third = await browser_at(first_gateway, sid="ses_3").fetch_json("GET", path)
    other = await browser_at(first_gateway, "usr_bob").fetch_json("GET", path)

    assert [first[0], second[0], third[0], other[0]] == [200, 200, 429, 200]


async def test_rate_resets_after_a_minute(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_REQUESTS_PER_MINUTE="1"))
    path = "/runs?thread_id=t"
    assert (await ann.fetch_json("GET", path))[0] == 200
    assert (await ann.fetch_json("GET", path))[0] == 429
    assert 0 < await redis.ttl("gateway:{usr_ann}:requests") <= 60

    await redis.expire("gateway:{usr_ann}:requests", 0)

    assert (await ann.fetch_json("GET", path))[0] == 200


async def test_signed_out_secret_is_refunded(agent: FakeAgent, redis: Redis, ann: Browser) -> None:
    await redis.zadd("auth:revoked", {"ses_1": time.time() + 60})

    for method, path in (("POST", ""), ("GET", "/runs?thread_id=t")):
        assert (await ann.fetch_json(method, path, body=CREATE if method == "POST" else None))[
            0
        ] == 401

    assert await redis.get("gateway:{usr_ann}:turns") == b"0"
    assert await redis.get("gateway:{usr_ann}:requests") == b"0"
    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


async def test_twenty_first_open_stream_returns_429(
    agent: FakeAgent, gateway: Gateway, ann: Browser, bob: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    path = f"/runs/{run_id}/events"
    async with AsyncExitStack() as stack:
        for _ in range(19):
            await stack.enter_async_context(ann.stream("GET", path))
        last = await stack.enter_async_context(ann.stream("GET", path))

        attach = await ann.fetch_json("GET", path)
        turn = await ann.fetch_json("POST", "", body=CREATE)
        async with bob.stream("POST", "", body=CREATE):
            pass

        for status, problem in (attach, turn):
            assert (status, problem["type"]) == (429, "urn:todochat:problem:too-many-streams")
        last.close()
        await wait_until(lambda: last.response.closed and gateway.hub.viewers == 19)
        async with ann.stream("POST", "", body=CREATE):
            pass

    assert [received.user_id for received in agent.received] == ["usr_bob", "usr_ann"]


async def test_plain_requests_need_no_stream_slot(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_STREAMS_PER_USER="1"))
    assert (await ann.fetch_json("POST", "", body=LIST))[0] == 200

    async with ann.stream("POST", "", body=CREATE):
        assert (await ann.fetch_json("POST", "", body=LIST))[0] == 200
        assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200


async def test_stream_slot_of_killed_gateway_expires_with_its_lease(
    agent: FakeAgent, redis: Redis, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    ann = browser_at(await start_gateway(CHAT_GATEWAY_STREAMS_PER_USER="1"))
    path = f"/runs/{await agent.accept_run('usr_ann')}/events"
    await redis.zadd("gateway:{usr_ann}:streams", {"vwr_of_a_dead_gateway": time.time() + 60})
    assert (await ann.fetch_json("GET", path))[0] == 429

    await redis.zadd("gateway:{usr_ann}:streams", {"vwr_of_a_dead_gateway": time.time() - 1})

    async with ann.stream("GET", path):
        pass


@pytest.mark.parametrize("status", [404, 409, 429, 503])
async def test_refused_turn_releases_its_stream_slot(
    agent: FakeAgent, redis: Redis, ann: Browser, status: int
) -> None:
    agent.fail_next(status, "refused")

    assert (await ann.fetch_json("POST", "", body=CREATE))[0] == status

    assert await redis.zcard("gateway:{usr_ann}:streams") == 0


async def test_admission_is_one_round_trip(agent: FakeAgent, redis: Redis, ann: Browser) -> None:
    await ann.fetch_json("POST", "", body=LIST)
    await ann.fetch_json("POST", "", body=LIST)
    before = (await redis.info("commandstats")).get("cmdstat_zscore", {}).get("calls", 0)
    events_before = (await redis.info("stats"))["total_reads_processed"]

    for _ in range(10):
        await ann.fetch_json("POST", "", body=LIST)

    after = await redis.info("commandstats")
    assert after["cmdstat_zscore"]["calls"] == before + 10
    assert (await redis.info("stats"))["total_reads_processed"] - events_before < 2 * 10


async def test_body_of_exactly_256_kib_is_accepted(agent: FakeAgent, ann: Browser) -> None:
    body = json.dumps(LIST).encode()

    at_limit = await ann.fetch_json("POST", "", body=body.ljust(256 * 1024))
    beyond, problem = await ann.fetch_json("POST", "", body=body.ljust(256 * 1024 + 1))

    assert at_limit[0] == 200
    assert (beyond, problem["type"]) == (413, "urn:todochat:problem:payload-too-large")
    assert [len(received.body) for received in agent.received] == [256 * 1024]


async def test_idempotency_key_over_128_characters_returns_400(
    agent: FakeAgent, ann: Browser
) -> None:
    at_limit = await ann.fetch_json("POST", "", body=LIST, Idempotency_Key="k" * 128)
    beyond = await ann.fetch_json("POST", "", body=LIST, Idempotency_Key="k" * 129)

    assert (at_limit[0], beyond[0]) == (200, 400)


async def test_every_public_route_counts_against_a_rate_limit(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway(
        CHAT_GATEWAY_TURNS_PER_MINUTE="1", CHAT_GATEWAY_REQUESTS_PER_MINUTE="1"
    )
    ann = browser_at(gateway)
    prefix = "/api/{user_id}/chat"
    async with aiohttp.request("GET", f"{gateway.url}/openapi.json") as response:
        document = await response.json(content_type=None)
    routes = [
        (method, path.removeprefix(prefix))
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith(prefix)
    ]
    assert await start_turn(ann, agent) == 200
    assert (await ann.fetch_json("GET", "/runs?thread_id=t"))[0] == 200

    statuses = {
        (method, path): (
            await ann.fetch_json(
                method.upper(),
                path.format(run_id="run_1", attachment_id="atc_1") + "?q=x&thread_id=t",
                body=CREATE if method == "post" else None,
            )
        )[0]
        for method, path in routes
    }

    assert len(statuses) >= 10
    assert set(statuses.values()) == {429}, statuses


async def test_third_concurrent_export_returns_429(
    agent: FakeAgent, ann: Browser, bob: Browser
) -> None:
    agent.export_chunks = [b"[" + b"1," * 10_000_000, b"1]"]  # more than the sockets buffer

    async with ann.request("GET", "/export") as first, ann.request("GET", "/export") as second:
        beyond, problem = await ann.fetch_json("GET", "/export")
        async with bob.request("GET", "/export") as others:
            statuses = [first.status, second.status, others.status]

    assert statuses == [200] * 3
    assert (beyond, problem["type"]) == (429, "urn:todochat:problem:too-many-requests")

"""Attach, find and cancel."""

import asyncio
import json
import re

import pytest
from agent_kit import FakeAgent
from gateway_kit import Browser, BrowserAt, Gateway, StartGateway
from redis.asyncio import Redis

from todochat.bus.frames import parse_frames
from todochat.testing import wait_until

CREATE = {"type": "threads.create", "params": {}}


def seqs(body: bytes) -> list[int]:
    return [int(seq) for seq in re.findall(rb"^id: ([0-9]+)$", body, re.MULTILINE)]


def texts(body: bytes) -> list[str]:
    events = (json.loads(frame.data) for frame in parse_frames(body) if frame.data)
    return [event["update"]["delta"] for event in events]


async def test_resumed_stream_has_each_seq_once_from_log_and_live(
    agent: FakeAgent, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as first:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, *(f"{n}" for n in range(1, 41)), end=None)
        seen = b"".join([await first.next_event() for _ in range(17)])
        first.close()

    async with ann.stream("GET", f"/runs/{run_id}/events", Last_Event_ID="17") as second:
        seen += await second.next_event()
        writer = await agent.claim(run_id, attempt=2)
        await writer.append(b'{"type":"progress_update","text":"live","update":{"delta":"live"}}')
        await writer.end("completed")
        seen += await second.read_to_end()

    assert seqs(seen) == list(range(1, 43))
    assert texts(seen) == [f"{n}" for n in range(1, 41)] + ["live"]
    assert seen.endswith(b"id: 42\n: end completed\n\n")


async def test_all_viewers_of_a_run_receive_the_same_bytes(
    agent: FakeAgent, ann: Browser, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    run_id = await agent.accept_run("usr_ann")
    other_gateway = browser_at(await start_gateway())
    path = f"/runs/{run_id}/events"

    async def watch(browser: Browser) -> bytes:
        async with browser.stream("GET", path) as stream:
            return await stream.read_to_end()

    watching = [asyncio.create_task(watch(browser)) for browser in (ann, ann, other_gateway)]
    await agent.publish_texts(run_id, "a", "b")

    bodies = await asyncio.gather(*watching)
    assert len(set(bodies)) == 1
    assert seqs(bodies[0]) == [1, 2, 3]


async def test_attach_sends_ids_and_end_marker_without_resumable_header(
    agent: FakeAgent, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await agent.publish_texts(run_id, "a")

    async with ann.stream("GET", f"/runs/{run_id}/events") as stream:
        body = await stream.read_to_end()

    assert seqs(body) == [1, 2]
    assert texts(body) == ["a"]
    assert body.endswith(b"id: 2\n: end completed\n\n")
    assert stream.headers["X-Run-Id"] == run_id
    assert stream.headers["X-Thread-Id"] == f"thr_of_{run_id}"


@pytest.mark.parametrize("last_event_id", ["abc", "-1", "1.5", "", "1 2", "9" * 16, "٣"])
async def test_last_event_id_must_be_a_number(
    agent: FakeAgent, ann: Browser, last_event_id: str
) -> None:
    run_id = await agent.accept_run("usr_ann")

    status, problem = await ann.fetch_json(
        "GET", f"/runs/{run_id}/events", Last_Event_ID=last_event_id
    )

    assert (status, problem["type"]) == (400, "urn:todochat:problem:bad-last-event-id")


async def test_run_of_another_user_returns_404_like_a_missing_one(
    agent: FakeAgent, ann: Browser, bob: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    lost_by_redis = await agent.accept_run("usr_ann", announce=False)

    responses = [
        await bob.fetch_json(method, path)
        for name in (run_id, lost_by_redis, "run_none", "run%7Bx%7D", "..%2F..%2Fx", "r" * 65)
        for method, path in (("GET", f"/runs/{name}/events"), ("POST", f"/runs/{name}/cancel"))
    ]

    assert {status for status, _ in responses} == {404}
    assert len({problem["detail"] for _, problem in responses[:6]}) == 1
    assert agent.cancelled == []


async def test_expired_log_returns_410_with_thread_id(agent: FakeAgent, ann: Browser) -> None:
    run_id = await agent.accept_run("usr_ann", announce=False)
    agent.runs[run_id]["status"] = "completed"

    status, problem = await ann.fetch_json("GET", f"/runs/{run_id}/events")

    assert (status, problem["type"]) == (410, "urn:todochat:problem:run-log-expired")
    assert problem["thread_id"] == f"thr_of_{run_id}"


async def test_attach_to_run_lost_by_redis_waits_for_next_claim(
    agent: FakeAgent, redis: Redis, ann: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    await agent.publish_texts(run_id, "a", end=None)
    await redis.flushall()

    async with ann.stream("GET", f"/runs/{run_id}/events", Last_Event_ID="1") as stream:
        writer = await agent.claim(run_id, attempt=2, seq_high=1)
        await writer.end("completed")
        body = await stream.read_to_end()

    assert body == b"id: 20000\n: snapshot\n\nid: 20001\n: end completed\n\n"


async def test_active_runs_of_a_thread_are_listed_for_its_owner_only(
    agent: FakeAgent, ann: Browser, bob: Browser
) -> None:
    run_id = await agent.accept_run("usr_ann")
    thread_id = f"thr_of_{run_id}"

    status, found = await ann.fetch_json("GET", f"/runs?thread_id={thread_id}&status=active")

    run = {"run_id": run_id, "thread_id": thread_id, "status": "running"}
    listed = {**run, "created_at": "2026-11-23T10:00:00Z"}
    none: dict[str, list[str]] = {"items": [], "stopped_after": [], "interrupted_after": []}
    assert (status, found) == (200, {**none, "items": [listed]})
    assert await bob.fetch_json("GET", f"/runs?thread_id={thread_id}") == (200, none)


async def test_run_list_tells_where_cancelled_responses_ended(
    agent: FakeAgent, ann: Browser
) -> None:
    agent.stopped_after = ["msg_2", "msg_1"]
    agent.interrupted_after = ["msg_3"]

    status, found = await ann.fetch_json("GET", "/runs?thread_id=thr_1")

    assert status == 200
    assert found["stopped_after"] == ["msg_2", "msg_1"]
    assert found["interrupted_after"] == ["msg_3"]


@pytest.mark.parametrize("query", ["", "?thread_id=", "?thread_id=t&status=ended"])
async def test_invalid_run_query_returns_422(ann: Browser, query: str) -> None:
    status, problem = await ann.fetch_json("GET", f"/runs{query}")

    assert (status, problem["type"]) == (422, "urn:todochat:problem:invalid-input")


async def test_cancel_is_forwarded_and_ends_the_stream(agent: FakeAgent, ann: Browser) -> None:
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.latest_run_id()
        writer = await agent.claim(run_id)
        response = await ann.fetch_json("POST", f"/runs/{run_id}/cancel")
        await writer.end("cancelled")

        assert await stream.read_to_end() == b"id: 1\n: end cancelled\n\n"

    assert response == (202, {"status": "running"})
    assert agent.cancelled == [(run_id, "user")]


async def test_cancelled_simple_form_ends_with_an_error_line(
    agent: FakeAgent, ann: Browser
) -> None:
    async with ann.stream("POST", "", body={"message": "hi"}) as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "half", end="cancelled")
        body = await stream.read_to_end()

    assert body.endswith(b'data: {"type":"error","message":"The response was stopped"}\n\n')


async def test_idle_stream_is_pinged(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway()
    gateway.app.state.services.relay._ping_s = 0.05
    ann = browser_at(gateway)

    async with ann.stream("POST", "", body=CREATE) as stream:
        assert await stream.next_event() == b": ping\n\n"
        assert await stream.next_event() == b": ping\n\n"
        await agent.publish_texts(await agent.latest_run_id(), "hi")
        assert (await stream.read_to_end()).count(b"data: ") == 1


async def test_stream_whose_format_drops_all_frames_is_pinged(
    agent: FakeAgent, start_gateway: StartGateway, browser_at: BrowserAt
) -> None:
    gateway = await start_gateway()
    gateway.app.state.services.relay._ping_s = 0.1

    async with browser_at(gateway).stream("POST", "", body={"message": "hi"}) as stream:
        writer = await agent.claim(await agent.latest_run_id())
        pinged = asyncio.create_task(stream.next_event())
        while not pinged.done():
            await writer.append(b'{"type":"progress_update","text":"Still looking"}')
            await writer.flush()

        assert await pinged == b": ping\n\n"


async def test_stream_survives_restart_of_its_worker(
    agent: FakeAgent, gateway: Gateway, ann: Browser
) -> None:
    async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "a", end=None)
        await wait_until(lambda: gateway.hub.viewers == 1)
        writer = await agent.claim(run_id, attempt=2)
        await writer.append(b'{"type":"thread.item.removed","item_id":"msg_1"}')
        await writer.end("completed")

        assert seqs(await stream.read_to_end()) == [1, 2, 3]

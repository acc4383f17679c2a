"""Temporary outages of a process or a store, in a whole stack.

Each service's own tests cover its behaviour alone: `services/*/tests/**/test_outages.py`,
`services/chat-gateway/tests/integration/test_redis_outage.py`,
`packages/todochat/tests/unit/bus/test_healing.py`. A second message on a busy thread and a dropped
stream: `tests/integration/test_resume.py`. A poisoned run: `test_frozen_worker.py`.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import psutil
import pytest
import pytest_asyncio

from chaos.kill_kit import (
    EXPECTED_TEXT,
    TITLES,
    WAIT_S,
    KillStack,
    ResumingClient,
    Turn,
    check_seen,
    fold,
    kill_stack,
)
from chaos.outage_kit import Interrupted, frozen, has_changed, server_pid
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedResponse
from todochat.testing.person import Person

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    pytest.mark.slow,  # the services' own tests have short forms of these
]

DELTA = "assistant_message.content_part.text_delta"
ANSWERS_AT_ONCE = 3
MAX_QUEUED = 20  # one process counts the runs that it accepted within a second as waiting
RUNS_OF_ONE = 5  # concurrent, of one user
Record = Callable[[str, object], None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kills() -> AsyncIterator[KillStack]:
    variables = {
        "TODO_AGENT_WORKER_CONCURRENCY": str(ANSWERS_AT_ONCE),
        "TODO_AGENT_MAX_QUEUED_RUNS": str(MAX_QUEUED),
        "TODO_AGENT_TASKS_RETRY_BUDGET_S": "5",
        "CHAT_GATEWAY_TURNS_PER_MINUTE": "1000",
    }
    async with kill_stack("outages", variables, gateways=2) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def ready(kills: KillStack) -> AsyncIterator[KillStack]:
    kills.orders.clear()
    await kills.fill()
    kills.model.requests.clear()
    plan = kills.model.otherwise
    yield kills
    kills.model.otherwise = plan


async def test_redis_flush_mid_stream_loses_no_stored_item(ready: KillStack) -> None:
    """Viewers get a reload marker, stored items are complete, and signed-out users stay so."""
    interrupted = Interrupted(ready)
    ada, eve = await ready.sign_up(), await ready.sign_up()
    gone = {"Authorization": f"Bearer {eve.login_token}"}
    await eve.client.post("/api/auth/sign-out", headers=gone)
    await wait_until(lambda: is_shut_out(eve), WAIT_S)
    async with ada.say("milk and eggs") as stream:
        await interrupted.gate.wait_reached(WAIT_S)

        await ready.redis.flushall()
        interrupted.gate.open()
        await stream.rest()

    turn = Turn.of(stream)
    assert turn.ended == "completed"
    (jump,) = [frame.seq for frame in turn.frames if frame.snapshot]
    seqs = [frame.seq for frame in turn.frames]
    assert seqs == sorted(set(seqs))
    assert [seq for seq in seqs if seq >= jump] == list(range(jump, seqs[-1] + 1))
    stored = await ready.stored_items(ada, turn.thread_id)
    said_since = fold(
        [e for e, seq in zip(turn.events, turn.event_seqs, strict=True) if seq > jump]
    )
    texts = [item["content"][0]["text"] for item in stored if item["type"] == "assistant_message"]
    assert "\n".join(texts) == EXPECTED_TEXT
    assert said_since.keys() <= {item["id"] for item in stored}
    assert await ready.titles(ada.user_id) == sorted(TITLES)
    await wait_until(lambda: is_shut_out(eve), WAIT_S)


async def is_shut_out(person: Person) -> bool:
    return (await person.chatkit("threads.list")).status_code == 401


@pytest.mark.parametrize("store", ["valkey", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_store_restart_mid_stream_completes_the_turn(ready: KillStack, store: str) -> None:
    interrupted = Interrupted(ready)
    ada = await ready.sign_up()
    client = ResumingClient(ada)
    answering = asyncio.ensure_future(client.turn("milk and eggs"))
    await interrupted.gate.wait_reached(WAIT_S)
    before = await server_pid(ready, store)

    psutil.Process(before).send_signal(signal.SIGINT if store == "postgres" else signal.SIGTERM)
    await wait_until(lambda: has_changed(ready, store, before), WAIT_S)
    interrupted.gate.open()
    turn = await answering

    assert turn.ended == "completed"
    seqs = [frame.seq for frame in turn.frames]
    assert seqs == sorted(set(seqs))
    stored = await ready.stored_items(ada, turn.thread_id)
    texts = [item["content"][0]["text"] for item in stored if item["type"] == "assistant_message"]
    assert "\n".join(texts) == EXPECTED_TEXT
    assert await ready.titles(ada.user_id) == sorted(TITLES)


async def test_requests_work_while_auth_session_is_down(ready: KillStack) -> None:
    """Services verify client secrets and login tokens with the cached keys."""
    ada = await ready.sign_up()
    await ada.tasks()  # after another test's flush, Redis has no keys for tasks

    with frozen(ready.pids("auth-session")):
        async with ada.say("milk and eggs") as stream:
            await stream.rest()
        shown = await ada.tasks()

    assert Turn.of(stream).text == EXPECTED_TEXT
    assert {task["title"] for task in shown} == set(TITLES)


@pytest.mark.slow
async def test_unreachable_tasks_service_is_reported_to_the_model(ready: KillStack) -> None:
    ada = await ready.sign_up()

    with frozen(ready.pids("tasks")):
        async with ada.say("milk and eggs") as stream:
            await stream.rest()

    assert stream.ended == "completed"
    outputs = [item for item in ready.model.requests[-1].history if "output" in item]
    assert len(outputs) == len(TITLES) + 1
    assert all("can't be reached" in str(item["output"]) for item in outputs)


async def test_five_concurrent_sends_of_a_message_are_one_run(ready: KillStack) -> None:
    ada = await ready.sign_up()
    clients = [ResumingClient(ada, "double-click") for _ in range(5)]

    turns = await asyncio.gather(*(client.turn("milk and eggs") for client in clients))

    assert len({turn.run_id for turn in turns}) == 1
    assert len({tuple(str(event) for event in turn.events) for turn in turns}) == 1
    await check_seen(ready, turns[0], ada)


@pytest.mark.parametrize("stops", [5, pytest.param(50, marks=pytest.mark.slow)])
async def test_stop_ends_run_and_model_stream_at_once(
    ready: KillStack, record_property: Record, stops: int
) -> None:
    """The end marker comes at once, the model's stream is closed, and nothing continues."""
    ready.model.otherwise = lambda _request: ScriptedResponse(
        parts=(Say("Once upon", Gate(), " a time"),)
    )
    ada = await ready.sign_up()
    idle = {worker: await worker.metric("todochat_asyncio_tasks ") for worker in ready.workers[:2]}
    times = []

    for _ in range(stops):
        async with ada.say("a story") as stream:
            assert stream.response.status_code == 200, stream.response.text
            await stream.until(DELTA)
            began = time.monotonic()
            cancelling = asyncio.ensure_future(ada.cancel(stream.response.headers["x-run-id"]))
            await stream.rest()
            times.append(time.monotonic() - began)
            await cancelling
        assert stream.ended == "cancelled"

    # An earlier test's response may still be requested.
    requests = [each for each in ready.model.requests if "a story" in str(each.history[-1])]
    assert len(requests) == stops
    await wait_until(lambda: all(each.closed_by_client for each in requests), WAIT_S)

    async def has_no_leftovers() -> bool:
        left = [
            await each.metric("todochat_asyncio_tasks ") - tasks for each, tasks in idle.items()
        ]
        return max(left) <= 0

    await wait_until(has_no_leftovers, WAIT_S)
    times.sort()
    record_property("stop_s", [round(each, 3) for each in times])
    print(f"stop: p50 {times[stops // 2]:.3f} s, p99 {times[-1 - stops // 100]:.3f} s")


async def test_overload_returns_503_at_once_and_recovers(
    ready: KillStack, record_property: Record
) -> None:
    """At twice the capacity: 503 with Retry-After; runs in progress continue, then all recovers."""
    await ready.only(ready.workers[0])
    pace, end = Gate(), Gate()
    ready.model.otherwise = lambda _request: ScriptedResponse(
        parts=(Say("Half", pace, " and", end, " half."),)
    )
    fit = ANSWERS_AT_ONCE + MAX_QUEUED
    people = [await ready.sign_up() for _ in range(0, 2 * fit, RUNS_OF_ONE)]
    first, late = people[: len(people) // 2], people[len(people) // 2 :]
    refusals: list[float] = []

    async def refuse(person: Person) -> None:
        began = time.monotonic()
        async with person.say("me too") as stream:
            refusals.append(time.monotonic() - began)
        assert stream.response.status_code == 503, "it was taken though the queue is full"
        assert stream.response.json()["type"].endswith("queue-full")
        assert int(stream.response.headers["retry-after"]) >= 1

    async with AsyncExitStack() as stack:
        answered = [
            await stack.enter_async_context(first[0].say("talk")) for _ in range(ANSWERS_AT_ONCE)
        ]
        for stream in answered:
            await stream.until(DELTA)
        waiting = [
            asyncio.ensure_future(ResumingClient(first[1 + number // RUNS_OF_ONE]).turn("talk"))
            for number in range(MAX_QUEUED)
        ]
        await wait_until(lambda: queue_is_full(ready), WAIT_S)
        await asyncio.sleep(1.1)  # the queue's length is counted once a second

        storm = [
            asyncio.ensure_future(refuse(person)) for person in late for _ in range(RUNS_OF_ONE)
        ]
        await wait_until(lambda: refusals, WAIT_S)
        pace.open()
        for stream in answered:
            await stream.until(DELTA)
        # No run ends before `end` opens: a refusal that waited for the queue would never come.
        await asyncio.gather(*storm)
        assert await queue_is_full(ready)
        end.open()
        for stream in answered:
            await stream.rest()
        seen = await asyncio.gather(*waiting)

    assert {stream.ended for stream in answered} == {"completed"}
    assert {(turn.ended, turn.text) for turn in seen} == {("completed", "Half and half.")}
    again = await asyncio.gather(*(ResumingClient(person).turn("me too") for person in late))
    assert {turn.ended for turn in again} == {"completed"}
    refusals.sort()
    record_property("refusal_s", [round(each, 3) for each in refusals])
    middle = refusals[len(refusals) // 2]
    print(f"refusal: p50 {middle:.3f} s, max {refusals[-1]:.3f} s of {len(refusals)} at once")


async def queue_is_full(kills: KillStack) -> bool:
    queued = await kills.rows("chat", "SELECT 1 FROM runs WHERE status = 'queued'")
    return len(queued) == MAX_QUEUED

"""The whole stack on a Valkey Cluster of three nodes, with three gateways and two workers."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from stack_kit import SignUp, Stack, run_stack
from todochat.testing import wait_until
from todochat.testing.model_server import (
    Gate,
    ModelRequest,
    Say,
    ScriptedModelServer,
    ScriptedResponse,
)
from todochat.testing.person import Person, Stream
from todochat.testing.servers import ValkeyCluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DELTA = "assistant_message.content_part.text_delta"
WORKER = "todo-agent-worker"
WAIT_S = 60


@pytest.fixture(scope="module")
def nodes() -> Iterator[ValkeyCluster]:
    cluster = ValkeyCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def cluster_stack(
    nodes: ValkeyCluster, model_servers: dict[str, ScriptedModelServer]
) -> Iterator[Stack]:
    variables = {
        "REDIS_URL": nodes.url,
        "OPENAI_BASE_URL": model_servers["responses"].url,
        "OPENAI_API_KEY": "sk-scripted",
        "TODO_AGENT_MODEL": "scripted",
    }
    yield from run_stack("cluster", variables, workers=2, gateways=3, timeout_s=180)


@pytest.fixture
def scripted(model_servers: dict[str, ScriptedModelServer]) -> Iterator[ScriptedModelServer]:
    server = model_servers["responses"]
    server.requests.clear()
    yield server
    server.otherwise = None


@pytest_asyncio.fixture(loop_scope="session")
async def doors(cluster_stack: Stack) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Return a client for each gateway."""
    urls = cluster_stack.urls("chat-gateway")
    clients = [httpx.AsyncClient(base_url=url, timeout=30) for url in urls]
    yield clients
    for client in clients:
        await client.aclose()


def through(door: httpx.AsyncClient, person: Person) -> Person:
    """Return the same user at one gateway."""
    user = {"id": person.user_id, "email": person.email}
    there = Person(door, {"user": user, "access_token": person.login_token})
    there.client_secret = person.client_secret
    return there


def text_of(events: list[dict[str, object]]) -> str:
    """Return the text of deltas, without removed items."""
    text = ""
    for event in events:
        update = event.get("update")
        if isinstance(update, dict) and update.get("type") == DELTA:
            text += update["delta"]
        elif event["type"] == "thread.item.removed":
            text = ""
    return text


async def test_turns_of_many_users_use_every_gateway_and_node(
    cluster_stack: Stack,
    nodes: ValkeyCluster,
    doors: list[httpx.AsyncClient],
    scripted: ScriptedModelServer,
    sign_up: SignUp,
) -> None:
    people = [await sign_up(cluster_stack) for _ in range(4)]
    scripted.otherwise = lambda _: ScriptedResponse((Say(*(f"{number} " for number in range(40))),))

    answers = await asyncio.gather(
        *(through(door, person).ask("count") for person in people for door in doors)
    )

    whole = "".join(f"{number} " for number in range(40))
    assert {answer.ended for answer in answers} == {"completed"}
    assert {"".join(answer.deltas) for answer in answers} == {whole}
    logs = [await node.run("KEYS", "chat:*:log") for node in nodes.nodes]
    assert sum(len(of_node) for of_node in logs) == len(answers)
    # Not all nodes: a run's node depends on its ID, so one of three may get none of the eight.
    assert sum(map(bool, logs)) > 1, "all runs are on one node"


async def test_dropped_stream_resumes_at_another_gateway(
    cluster_stack: Stack,
    doors: list[httpx.AsyncClient],
    scripted: ScriptedModelServer,
    sign_up: SignUp,
) -> None:
    ada = await sign_up(cluster_stack)
    gate = Gate()
    scripted.answer(Say("One", gate, " two", " three"))
    async with through(doors[0], ada).say("count") as stream:
        run_id = stream.response.headers["x-run-id"]
        await stream.until(DELTA)

    async with through(doors[1], ada).attach(run_id, after=stream.last_id) as resumed:
        gate.open()
        events = await resumed.rest()
    async with through(doors[2], ada).attach(run_id) as replayed:
        await replayed.rest()

    assert text_of(events) == " two three"
    assert resumed.ended == "completed"
    assert replayed.raw == stream.raw + resumed.raw


async def test_stop_works_through_any_gateway(
    cluster_stack: Stack,
    doors: list[httpx.AsyncClient],
    scripted: ScriptedModelServer,
    sign_up: SignUp,
) -> None:
    ada = await sign_up(cluster_stack)
    gate = Gate()
    scripted.answer(Say("One", gate, " two"))
    async with through(doors[0], ada).say("count") as stream:
        await stream.until(DELTA)

        stopped = await through(doors[2], ada).cancel(stream.response.headers["x-run-id"])
        await stream.rest()

    assert stopped.status_code == 202
    assert stream.ended == "cancelled"
    await wait_until(lambda: scripted.requests[-1].closed_by_client, WAIT_S)
    gate.open()


async def test_revoked_client_secret_ends_its_streams_at_every_gateway(
    cluster_stack: Stack,
    doors: list[httpx.AsyncClient],
    scripted: ScriptedModelServer,
    sign_up: SignUp,
) -> None:
    ada = await sign_up(cluster_stack)
    gate = Gate()
    scripted.answer(Say("One", gate, " two"))
    here, there = through(doors[0], ada), through(doors[1], ada)
    async with asyncio.timeout(WAIT_S), here.say("count") as first:
        await first.until(DELTA)
        async with there.attach(first.response.headers["x-run-id"]) as second:
            await second.until(DELTA)

            signed_out = await ada.client.post("/api/auth/sign-out")
            await asyncio.gather(first.rest(), second.rest())
    refused = [await through(door, ada).chatkit("threads.list") for door in doors]
    gate.open()

    assert signed_out.is_success
    assert [first.comments[-1], second.comments[-1]] == ["unauthorized"] * 2
    assert [answer.status_code for answer in refused] == [401] * len(doors)


async def test_runs_of_killed_workers_continue_on_the_same_streams(
    cluster_stack: Stack,
    nodes: ValkeyCluster,
    doors: list[httpx.AsyncClient],
    scripted: ScriptedModelServer,
    sign_up: SignUp,
) -> None:
    people = [await sign_up(cluster_stack) for _ in doors]
    gate = Gate(timeout_s=120)

    def say(_: ModelRequest) -> ScriptedResponse:
        return ScriptedResponse((Say("One", gate, " two", " three"),))

    scripted.otherwise = say
    async with (
        through(doors[0], people[0]).say("count") as first,
        through(doors[1], people[1]).say("count") as second,
        through(doors[2], people[2]).say("count") as third,
    ):
        streams: list[Stream] = [first, second, third]
        opened = [await stream.until(DELTA) for stream in streams]

        await kill_every_worker_once(cluster_stack)
        gate.open()
        seen = await asyncio.gather(*(stream.rest() for stream in streams))

    attempts = [await attempt_of(stream, nodes) for stream in streams]
    assert [stream.ended for stream in streams] == ["completed"] * len(streams)
    for before, events in zip(opened, seen, strict=True):
        assert text_of([before, *events]) == "One two three"
    assert min(attempts) > 1


async def kill_every_worker_once(stack: Stack) -> None:
    """Kill the workers one after the other, so that each leaves a worker to take its runs over."""

    def pids() -> list[int]:
        state = json.loads((stack.data_dir / "state.json").read_text())
        found: list[int] = state["services"][WORKER]["pids"]
        return found

    for pid in pids():
        before = pids()
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: len(pids()) == len(before) and pid not in pids(), WAIT_S)  # noqa: B023 - awaited here


async def attempt_of(stream: Stream, nodes: ValkeyCluster) -> int:
    """Return the attempt that wrote a run's log, from the node that has it."""
    key = f"chat:{{{stream.response.headers['x-run-id']}}}:meta"
    for node in nodes.nodes:
        if key in await node.run("KEYS", key):
            return int(await node.run("HGET", key, "attempt"))
    msg = f"no node has {key}"
    raise AssertionError(msg)

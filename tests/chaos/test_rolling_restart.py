"""Restarts every process and store in sequence while users send messages."""

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from chaos.kill_kit import (
    EXPECTED_TEXT,
    TITLES,
    WAIT_S,
    WORKER,
    KillStack,
    ResumingClient,
    Turn,
    fold,
    is_message,
    kill_stack,
    text_of,
)
from chaos.outage_kit import Interrupted, has_changed, server_pid
from todochat.testing import wait_until
from todochat.testing.person import Person, message

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800),
    pytest.mark.slow,  # each process takes seconds to start again
]

SERVICES = ("chat-gateway", "todo-agent-api", "tasks", "auth-session", "caddy")
# PostgreSQL's SIGTERM waits for clients to disconnect; SIGINT doesn't.
STORES = {"valkey": signal.SIGTERM, "postgres": signal.SIGINT}
PEOPLE = 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kills() -> AsyncIterator[KillStack]:
    variables = {
        "CHAT_GATEWAY_TURNS_PER_MINUTE": "1000",
        # A slow machine may take longer to restart tasks than a tool's default timeout.
        "TODO_AGENT_TASKS_RETRY_BUDGET_S": "60",
    }
    async with kill_stack("rolling", variables, gateways=2) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def ready(kills: KillStack) -> AsyncIterator[KillStack]:
    await kills.fill()
    plan = kills.model.otherwise
    yield kills
    kills.model.otherwise = plan


async def test_rolling_restart_under_load_fails_no_turn(ready: KillStack) -> None:
    """No turn fails, and no item is missing or duplicated."""
    over = asyncio.Event()

    async def talk(person: Person) -> list[Turn]:
        turns: list[Turn] = []
        while not over.is_set():
            turns.append(await ResumingClient(person).turn("milk and eggs"))
        return turns

    people = [await ready.sign_up() for _ in range(PEOPLE)]
    talking = [asyncio.ensure_future(talk(person)) for person in people]
    for worker in ready.workers[:2]:
        worker.signal(signal.SIGTERM)
        await worker.has_ended()
        await ready.fill()
    for service in SERVICES:
        for pid in ready.pids(service):
            before = ready.pids(service)
            psutil.Process(pid).terminate()
            await ready.restarted(service, before)
    for store, stop in STORES.items():
        process = await server_pid(ready, store)
        psutil.Process(process).send_signal(stop)
        await wait_until(lambda: has_changed(ready, store, process), WAIT_S)  # noqa: B023
    # Everything is up again: each user's last turn begins now.
    over.set()

    seen = dict(zip(people, await asyncio.gather(*talking), strict=True))
    for person, turns in seen.items():
        for turn in turns:
            seqs = [frame.seq for frame in turn.frames]
            assert seqs == sorted(set(seqs))
            assert not any(event["type"] == "error" for event in turn.events)
            stored = await ready.stored_items(person, turn.thread_id)
            assert (turn.ended, text_in(stored)) == ("completed", EXPECTED_TEXT)
            if not any(frame.snapshot for frame in turn.frames):
                assert by_id(turn.shown) == by_id(stored)
        assert await ready.titles(person.user_id) == sorted(TITLES * len(turns))
    print(f"rolling restart: {sum(map(len, seen.values()))} turns, none failed")


@pytest.mark.parametrize("service", [WORKER, *SERVICES])
async def test_client_without_resume_gets_complete_response_on_shutdown(
    ready: KillStack, service: str
) -> None:
    """Work in progress finishes on its connection before the process stops."""
    interrupted = Interrupted(ready)
    ada = await ready.sign_up()

    async with ada.stream(message("milk and eggs"), resumable=False) as stream:
        reading = asyncio.ensure_future(stream.rest())
        await interrupted.gate.wait_reached(WAIT_S)
        await stop(ready, service)
        interrupted.gate.open()
        async with asyncio.timeout(WAIT_S):
            events = await reading

    assert text_in(list(fold(events).values())) == EXPECTED_TEXT
    assert not any(event["type"] == "error" for event in events)
    assert (await ready.run(stream.response.headers["x-run-id"]))["attempt"] == 1
    await wait_until(lambda: is_answered(ada), WAIT_S)
    stored = await ready.stored_items(ada, stream.response.headers["x-thread-id"])
    assert by_id(list(fold(events).values())) == by_id(stored)
    assert await ready.titles(ada.user_id) == sorted(TITLES)


async def stop(kills: KillStack, service: str) -> None:
    """Stop the process that has the stream or the run; it drains when this returns."""
    if service == WORKER:
        (worker,) = [each for each in kills.workers if await is_busy(each.port, "active_runs")]
        worker.signal(signal.SIGTERM)
        await wait_until(lambda: is_draining(worker.port), WAIT_S)
    elif service == "chat-gateway":
        ports = [httpx.URL(url).port for url in kills.stack.urls(service)]
        gateways = dict(zip(ports, kills.pids(service), strict=True))
        (port,) = [port for port in ports if await is_busy(port, "open_streams")]
        psutil.Process(gateways[port]).terminate()
        await wait_until(lambda: is_draining(port), WAIT_S)
    elif service == "caddy":  # gives open streams 3 s
        psutil.Process(kills.pids(service)[0]).terminate()
    else:
        before = kills.pids(service)
        psutil.Process(before[0]).terminate()
        await kills.restarted(service, before)


async def is_busy(port: int | None, gauge: str) -> bool:
    async with httpx.AsyncClient(verify=False) as client:  # no TLS: saves 30 ms of CPU
        try:
            lines = (await client.get(f"http://127.0.0.1:{port}/metrics")).text.splitlines()
        except httpx.TransportError:  # one that is still starting
            return False
    (value,) = [line.split()[-1] for line in lines if line.startswith(f"todochat_{gauge} ")]
    return float(value) > 0


async def is_draining(port: int | None) -> bool:
    async with httpx.AsyncClient(verify=False) as client:  # no TLS: saves 30 ms of CPU
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
        except httpx.TransportError:
            return True
    return answer.status_code == 503


async def is_answered(person: Person) -> bool:
    try:
        return (await person.chatkit("threads.list")).status_code == 200
    except httpx.TransportError:
        return False


def text_in(items: list[dict[str, Any]]) -> str:
    return "\n".join(text_of(item) for item in items if is_message(item))


def by_id(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in items}

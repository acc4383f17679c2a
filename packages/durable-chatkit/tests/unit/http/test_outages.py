"""Outages of PostgreSQL and Redis, and recovery."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from api_kit import Gateway, OpenGateway
from chat_kit import MakeMessage, MakeUser, claim
from redis.asyncio import Redis

from durable_chatkit.storage.run_repository import RunRepository
from todochat.database.bootstrap import DatabaseUrls
from todochat.http.server import EXIT_START_FAILED
from todochat.testing.servers import PostgresProcess, ValkeyProcess
from todochat.testing.waiting import free_port, wait_until


@pytest.fixture
def user(make_user: MakeUser) -> str:
    return make_user()


@pytest.fixture
def valkey() -> Iterator[ValkeyProcess]:
    """A Valkey that the test may stop and start."""
    process = ValkeyProcess()
    process.start()
    yield process
    process.stop()


async def test_turn_is_accepted_without_redis(
    open_gateway: OpenGateway, user: str, message: MakeMessage, runs: RunRepository
) -> None:
    gateway = await open_gateway(redis=f"redis://127.0.0.1:{free_port()}/0")

    response = await gateway.chatkit(message(), user)
    cancelled = await gateway.cancel(response.json()["run_id"], user)

    assert (response.status_code, cancelled.status_code) == (202, 202)
    assert (await claim(runs)).run_id == response.json()["run_id"]
    ready = await gateway.client.get("/health/ready")
    assert ready.status_code == 200


async def test_signals_resume_when_redis_is_back(
    open_gateway: OpenGateway,
    user: str,
    message: MakeMessage,
    valkey: ValkeyProcess,
    make_user: MakeUser,
) -> None:
    gateway = await open_gateway(redis=valkey.url)
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait(10)
    assert (await gateway.chatkit(message(), user)).status_code == 202

    valkey.start()
    response = await gateway.chatkit(message(), make_user())

    client = Redis.from_url(valkey.url)
    run_id = response.json()["run_id"]
    assert await client.exists(f"chat:{{{run_id}}}:meta")
    await client.aclose()


async def health_of(gateway: Gateway) -> tuple[int, int]:
    """Return the status codes of readiness and liveness."""
    ready = await gateway.client.get("/health/ready")
    live = await gateway.client.get("/health/live")
    return ready.status_code, live.status_code


async def test_postgresql_outage_returns_503_until_it_is_back(
    own_postgres: tuple[PostgresProcess, DatabaseUrls],
    open_gateway: OpenGateway,
    user: str,
    message: MakeMessage,
) -> None:
    server, urls = own_postgres
    gateway = await open_gateway(urls=urls)
    assert (await gateway.ask("threads.list", user)).status_code == 200
    server.halt()

    responses = [
        await gateway.chatkit(message(), user),
        await gateway.ask("threads.list", user),
        await gateway.get("/internal/runs?status=active", user),
        await gateway.cancel("run_1", user),
    ]
    health = await health_of(gateway)
    await asyncio.to_thread(server.start)

    assert [response.status_code for response in responses] == [503] * 4
    assert all("Retry-After" in response.headers for response in responses)
    assert health == (503, 200)
    assert (await gateway.chatkit(message(), user)).status_code == 202


async def test_api_started_before_postgresql_returns_503_until_it_is_up(
    own_postgres: tuple[PostgresProcess, DatabaseUrls],
    open_gateway: OpenGateway,
    user: str,
    message: MakeMessage,
) -> None:
    server, urls = own_postgres
    server.halt()
    gateway = await open_gateway(urls=urls)

    refused = await gateway.chatkit(message(), user)
    health = await health_of(gateway)
    await asyncio.to_thread(server.start)
    accepted = await gateway.chatkit(message(), user)
    ready_again = await gateway.client.get("/health/ready")

    assert (refused.status_code, *health) == (503, 503, 200)
    assert "Retry-After" in refused.headers
    assert (accepted.status_code, ready_again.status_code) == (202, 200)


def api_environment(urls: DatabaseUrls, **variables: str) -> dict[str, str]:
    """Return the environment of an API whose Redis is unreachable."""
    return {
        "PATH": os.environ["PATH"],
        "CHAT_DATABASE_URL": urls.app,
        "CHAT_JOBS_DATABASE_URL": urls.jobs,
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "TODOCHAT_SERVICE_SECRET": "a-secret-of-at-least-32-bytes-for-tests",
        **variables,
    }


async def test_wrong_entry_point_ends_the_process_with_one_line(
    chat_urls: DatabaseUrls,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "todo_agent",
        "api",
        env=api_environment(
            chat_urls,
            TODO_AGENT_PORT=str(free_port()),
            TODO_AGENT_FACTORY="nowhere:server",
            DRAIN_DELAY_S="60",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    async with asyncio.timeout(60):
        output, _ = await process.communicate()

    assert process.returncode == EXIT_START_FAILED
    assert b"setting TODO_AGENT_FACTORY: nowhere:server: there is no module" in output
    assert b"Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["CHAT_DATABASE_URL", "CHAT_JOBS_DATABASE_URL"])
async def test_bypassing_role_detected_after_start_ends_the_process(
    own_postgres: tuple[PostgresProcess, DatabaseUrls], tmp_path: Path, variable: str
) -> None:
    server, urls = own_postgres
    server.halt()
    log, port = tmp_path / "log", free_port()
    environment = api_environment(
        urls, TODO_AGENT_PORT=str(port), DRAIN_DELAY_S="1", **{variable: urls.owner}
    )
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "todo_agent", "api", env=environment, stdout=output, stderr=output
        )
    readiness = set()

    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def answers(path: str, status: int) -> bool:
                try:
                    response = await http.get(path)
                except httpx.TransportError:
                    return False
                if path == "/health/ready":
                    readiness.add(response.status_code)
                return response.status_code == status

            await wait_until(lambda: answers("/health/live", 200), timeout_s=90)
            await wait_until(lambda: answers("/health/ready", 503), timeout_s=15)
            await asyncio.to_thread(server.start)
            await wait_until(lambda: _has_ended(process, answers), timeout_s=20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == EXIT_START_FAILED
    assert readiness == {503}
    assert '"start.refused"' in log.read_text()


async def _has_ended(process: Process, answers: Callable[[str, int], Awaitable[bool]]) -> bool:
    await answers("/health/ready", 503)
    return process.returncode is not None

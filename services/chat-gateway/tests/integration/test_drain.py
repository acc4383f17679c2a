"""SIGTERM to a real gateway process with open streams."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from agent_kit import FakeAgent
from gateway_kit import BrowserAt
from redis.asyncio import Redis

from chat_gateway.__main__ import main
from todochat.testing import free_port, wait_until

CREATE = {"type": "threads.create", "params": {}}


@dataclass
class GatewayProcess:
    process: asyncio.subprocess.Process
    url: str
    session: aiohttp.ClientSession

    async def readiness(self) -> int:
        try:
            async with self.session.get(f"{self.url}/health/ready") as response:
                return response.status
        except aiohttp.ClientError:
            return 0


@pytest_asyncio.fixture
async def start_process(
    environ: dict[str, str], session: aiohttp.ClientSession
) -> AsyncIterator[Callable[..., Awaitable[GatewayProcess]]]:
    started: list[GatewayProcess] = []

    async def start(**overrides: str) -> GatewayProcess:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chat_gateway",
            "serve",
            env={**environ, "CHAT_GATEWAY_PORT": str(port), **overrides},
        )
        gateway = GatewayProcess(process, f"http://127.0.0.1:{port}", session)
        started.append(gateway)
        await wait_until(lambda: is_ready(gateway), timeout_s=20)
        return gateway

    yield start
    for gateway in started:
        if gateway.process.returncode is None:
            gateway.process.kill()
            await gateway.process.wait()


async def is_ready(gateway: GatewayProcess) -> bool:
    assert gateway.process.returncode is None
    return await gateway.readiness() == 200


async def test_sigterm_reconnects_resumable_streams_and_lets_others_finish(
    agent: FakeAgent,
    redis: Redis,
    start_process: Callable[..., Awaitable[GatewayProcess]],
    browser_at: BrowserAt,
) -> None:
    gateway = await start_process(DRAIN_DELAY_S="0.5", DRAIN_TIMEOUT_S="20")
    ann = browser_at(gateway)
    async with (
        ann.stream("POST", "", body=CREATE, X_Resumable="1") as resumable,
        ann.stream("POST", "", body=CREATE) as plain,
    ):
        resumable_run, plain_run = list(agent.runs)
        await agent.publish_texts(resumable_run, "one", end=None)
        assert b"one" in await resumable.next_event()

        gateway.process.send_signal(signal.SIGTERM)
        await wait_until(lambda: is_draining(gateway))
        async with ann.stream("POST", "", body=CREATE, X_Resumable="1") as late:
            late_run = await agent.latest_run_id()
            assert await resumable.read_to_end() == b": reconnect\n\n"
            assert await late.read_to_end() == b": reconnect\n\n"

        await agent.publish_texts(plain_run, "the end")
        assert b"the end" in await plain.read_to_end()

    async with asyncio.timeout(10):
        assert await gateway.process.wait() == 0
    assert await redis.zcard("gateway:absent") == 0
    assert agent.cancelled == []
    await finish_on_other_gateway(agent, await start_process(), browser_at, resumable_run)
    assert late_run in agent.runs


async def is_draining(gateway: GatewayProcess) -> bool:
    return await gateway.readiness() == 503


async def finish_on_other_gateway(
    agent: FakeAgent, gateway: GatewayProcess, browser_at: BrowserAt, run_id: str
) -> None:
    async with browser_at(gateway).stream(
        "GET", f"/runs/{run_id}/events", Last_Event_ID="1", X_Resumable="1"
    ) as stream:
        await (await agent.claim(run_id, attempt=2)).end("completed")
        assert await stream.read_to_end() == b"id: 2\n: end completed\n\n"


async def test_stream_that_outlasts_drain_timeout_is_cut(
    agent: FakeAgent,
    redis: Redis,
    start_process: Callable[..., Awaitable[GatewayProcess]],
    browser_at: BrowserAt,
) -> None:
    gateway = await start_process(DRAIN_TIMEOUT_S="1")
    async with browser_at(gateway).stream("POST", "", body=CREATE) as stream:
        gateway.process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(10):
            assert await gateway.process.wait() == 0
        stream.close()

    assert await redis.zcard("gateway:absent") == 0
    assert agent.cancelled == []


async def test_resumable_client_loses_nothing_when_gateway_is_killed(
    agent: FakeAgent, start_process: Callable[..., Awaitable[GatewayProcess]], browser_at: BrowserAt
) -> None:
    first, second = await start_process(), await start_process()
    async with browser_at(first).stream("POST", "", body=CREATE, X_Resumable="1") as stream:
        run_id = await agent.latest_run_id()
        await agent.publish_texts(run_id, "one", end=None)
        await stream.next_event()

        first.process.kill()
        with pytest.raises(aiohttp.ClientError):
            await stream.read_to_end()

    await finish_on_other_gateway(agent, second, browser_at, run_id)


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("CHAT_GATEWAY_TURNS_PER_MINUTE", "0", "setting CHAT_GATEWAY_TURNS_PER_MINUTE: expected"),
        ("REDIS_URL", "", "setting REDIS_URL is required"),
        ("TODOCHAT_SERVICE_SECRET", "", "setting TODOCHAT_SERVICE_SECRET is required"),
        ("TODOCHAT_SERVICE_SECRET", "short", "setting TODOCHAT_SERVICE_SECRET: at least 32 bytes"),
    ],
)
def test_invalid_setting_prints_one_line_and_exits(
    environ: dict[str, str],
    variable: str,
    value: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, given in {**environ, variable: value}.items():
        monkeypatch.setenv(name, given)

    with pytest.raises(SystemExit) as stopped:
        main(["serve"])

    assert stopped.value.code == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(line)

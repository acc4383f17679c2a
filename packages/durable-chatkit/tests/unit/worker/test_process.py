"""The worker process: settings, health, logs, SIGTERM."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from worker_kit import Chat
from worker_process_kit import WorkerProcess, environment_of

from durable_chatkit.worker.main import run_worker
from todo_agent.settings import TodoAgentSettings
from todochat.database.bootstrap import DatabaseUrls
from todochat.http.server import EXIT_START_FAILED
from todochat.testing import wait_until
from todochat.testing.model_server import Gate, Say, ScriptedModelServer
from todochat.testing.servers import PostgresProcess


@pytest.fixture
def environment(chat: Chat) -> dict[str, str]:
    """The environment variables of the process."""
    return environment_of(chat.settings)


@pytest_asyncio.fixture
async def process(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker process, not started."""
    worker = WorkerProcess(environment, tmp_path / "log")
    yield worker
    if worker.process is not None and worker.process.returncode is None:
        worker.process.kill()
        await worker.process.wait()


async def test_sigterm_lets_run_finish(
    chat: Chat, process: WorkerProcess, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(Say("hello"))
    model.answer(gate, Say("bye"))
    await process.start()
    await wait_until(process.is_ready, 60)
    run = await chat.ask("hi")
    metrics = (await process.get("/metrics"))[1]
    last = await chat.say_until(gate, "good bye", run.thread_id)

    stopping = asyncio.create_task(process.stop())
    gate.open()

    assert await stopping == 0
    assert await chat.wait_for_end(last) == "completed"
    assert (await chat.row(last))["attempt"] == 1
    assert 'todochat_runs_total{status="completed"} 1.0' in metrics
    events = [json.loads(line) for line in process.logs]
    ended = next(event for event in events if event["event"] == "run.ended")
    assert (ended["run_id"], ended["service"]) == (run.run_id, "todo-agent-worker")
    assert not any(event["level"] in {"warning", "error"} for event in events)


@pytest.mark.slow
async def test_sigterm_releases_runs_that_exceed_the_timeout(
    chat: Chat, process: WorkerProcess, model: ScriptedModelServer
) -> None:
    gate = Gate()
    model.answer(gate)
    process.environment["DRAIN_TIMEOUT_S"] = "0.1"
    await process.start()
    await wait_until(process.is_ready, 60)
    run = await chat.say_until(gate, "hi")

    assert await process.stop() == 0

    row = await chat.row(run)
    assert (row["status"], row["lease_until"], row["crashes"]) == ("queued", None, 0)


@pytest.mark.slow
async def test_worker_started_before_postgresql_claims_when_it_is_up(
    own_postgres: tuple[PostgresProcess, Any],
    own_chat: Chat,
    process: WorkerProcess,
    model: ScriptedModelServer,
) -> None:
    model.answer(Say("hello"))
    run = await own_chat.say("hi")
    server, _ = own_postgres
    server.halt()
    process.environment |= environment_of(own_chat.settings)
    await process.start()
    await wait_until(lambda: process.answers("/health/live", 200), 60)

    status, body = await process.get("/health/ready")
    await asyncio.to_thread(server.start)

    assert (status, json.loads(body)["failing"]) == (503, ["postgres"])
    assert await own_chat.wait_for_end(run) == "completed"
    assert await process.is_ready()
    assert "start.without_database" in process.events


@pytest.mark.parametrize(
    "variable",
    ["CHAT_DATABASE_URL", pytest.param("CHAT_JOBS_DATABASE_URL", marks=pytest.mark.slow)],
)
async def test_bypassing_role_detected_after_start_ends_process_without_claim(
    own_postgres: tuple[PostgresProcess, DatabaseUrls],
    own_chat: Chat,
    process: WorkerProcess,
    variable: str,
) -> None:
    run = await own_chat.say("hi")
    server, urls = own_postgres
    server.halt()
    process.environment |= {**environment_of(own_chat.settings), variable: urls.owner}
    await process.start()
    await wait_until(lambda: process.answers("/health/ready", 503), 60)

    await asyncio.to_thread(server.start)

    async with asyncio.timeout(30):
        assert await process.process.wait() == EXIT_START_FAILED
    assert "start.refused" in process.events
    assert (await own_chat.row(run))["attempt"] == 0


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"model": ""}, "setting TODO_AGENT_MODEL is required with OPENAI_BASE_URL"),
        ({"todochat_service_secret": ""}, "setting TODOCHAT_SERVICE_SECRET is required"),
        (
            {"factory": "nowhere:agent"},
            "setting TODO_AGENT_FACTORY: nowhere:agent: there is no module",
        ),
    ],
)
def test_invalid_setting_exits_with_one_line(
    changes: dict[str, str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = TodoAgentSettings(
        redis_url="redis://none",
        database_url="none",
        jobs_database_url="none",
        todochat_service_secret="s" * 32,
        openai_base_url="http://none/v1",
        model="scripted",
    )

    with pytest.raises(SystemExit) as stopped:
        run_worker(msgspec.structs.replace(good, **changes))

    assert stopped.value.code == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(line)


async def test_entry_point_of_a_wrong_type_ends_the_process_with_one_line(
    process: WorkerProcess, tmp_path: Path
) -> None:
    (tmp_path / "adopter.py").write_text("def create():\n    return None\n")
    process.environment |= {
        "PYTHONPATH": str(tmp_path),
        "TODO_AGENT_FACTORY": "adopter:create",
        "DRAIN_DELAY_S": "60",
    }
    await process.start()

    async with asyncio.timeout(30):
        assert await process.process.wait() == EXIT_START_FAILED
    events = [json.loads(line) for line in process.logs]
    (refused,) = [event for event in events if event["event"] == "start.refused"]
    assert refused["reason"].startswith("setting TODO_AGENT_FACTORY: adopter:create: the factory")
    assert not any("Traceback" in line for line in process.logs)

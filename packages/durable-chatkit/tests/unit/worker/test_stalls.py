"""A run that blocks the event loop counts as a crash, however its worker ends."""

import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from worker_kit import TIMES, Chat
from worker_process_kit import WorkerProcess, environment_of

from durable_chatkit.agent.failures import POISONED
from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

STALL_S = 0.3


@pytest_asyncio.fixture
async def blocked(chat: Chat, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker process whose agent blocks its event loop for some seconds."""
    environment = {
        **environment_of(chat.settings),
        "TODO_AGENT_FACTORY": "stalling_agent:create",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LOOP_STALL_EXIT_S": "4",
    }
    worker = WorkerProcess(environment, tmp_path / "log")
    yield worker
    if worker.process is not None and worker.process.returncode is None:
        worker.process.kill()
        await worker.process.wait()


async def test_release_after_stall_counts_as_crash(chat: Chat, model: ScriptedModelServer) -> None:
    gate = Gate()
    model.answer(Say("Half", gate))
    model.answer(Say("Whole."))
    stalling = await chat.start_worker(msgspec.structs.replace(TIMES, stall_s=STALL_S))
    run = await chat.say_until(gate, "hi")
    time.sleep(2 * STALL_S)  # noqa: ASYNC251 - blocks the loop on purpose
    await wait_until(lambda: stalling.active[run.run_id].stalled)

    await stalling.aclose(0)
    await chat.expire_lease(run)
    await chat.start_worker()

    assert await chat.wait_for_end(run) == "completed"
    assert (await chat.row(run))["crashes"] == 1


@pytest.mark.slow
async def test_run_that_blocks_its_workers_ends_as_failed(
    chat: Chat, model: ScriptedModelServer, blocked: WorkerProcess
) -> None:
    model.answer(Call("block", {}))
    run = await chat.say("hi")
    for _ in range(2):
        assert await chat.claim_and_crash(run)

    await blocked.start()
    assert await blocked.process.wait() == -signal.SIGPROF
    await chat.expire_lease(run)
    await chat.start_worker()

    assert await chat.wait_for_end(run) == "failed"
    row = await chat.row(run)
    assert (row["crashes"], row["error"]) == (3, POISONED.code)
    (error,) = [event for event in await chat.events(run) if event.type == "error"]
    assert (error.message, error.allow_retry) == (POISONED.message, True)
    # The stack of the blocking call is logged.
    assert 'stalling_agent.py", line 15 in block' in blocked.log_path.read_text()

"""A tool that blocks the event loop: the launcher restarts the worker, and the run ends."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from stack_kit import SignUp, Stack, run_stack
from todochat.testing.model_server import Call, Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # three workers must be detected as stalled

AGENT = Path(__file__).parents[2] / "services" / "todo-agent" / "tests" / "stalling_agent.py"
RESTARTS = 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def blocking_model() -> AsyncIterator[ScriptedModelServer]:
    async with ScriptedModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def blocked(blocking_model: ScriptedModelServer) -> Iterator[Stack]:
    variables = {
        "TODO_AGENT_FACTORY": "stalling_agent:create",
        "OPENAI_BASE_URL": blocking_model.url,
        "TODO_AGENT_MODEL": "scripted",
    }
    yield from run_stack("blocked", variables, files=[AGENT])


@pytest.mark.timeout(300)
async def test_worker_blocking_message_fails_and_later_messages_run(
    blocked: Stack, blocking_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada, bob = await sign_up(blocked), await sign_up(blocked)
    blocking_model.answer(Call("block", {}))
    async with ada.say("block") as stream:
        events = await stream.rest()

    blocking_model.answer(Say("Hello."))
    answer = await bob.ask("hi")

    assert stream.ended == "failed"
    (error,) = [event for event in events if event["type"] == "error"]
    assert error["allow_retry"] is True
    assert answer.text == "Hello."
    output = (blocked.data_dir / "logs" / "launcher.log").read_text()
    # By the launcher; or on its own, if it was blocked before it was ready.
    assert "todo-agent-worker failed 3 liveness checks in a row" in output
    assert output.count("todo-agent-worker ended (signal") == RESTARTS
    log = (blocked.data_dir / "logs" / "todo-agent-worker.log").read_text()
    assert "in block" in log

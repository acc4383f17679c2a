"""A tool that blocks the event loop: the launcher restarts the worker, and the run ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack_kit import SignUp, Stack, run_stack
from todochat.testing.model_server import Call, Say, ScriptedModelServer

pytestmark = pytest.mark.slow  # three workers must be detected as stalled

AGENT = Path(__file__).parents[2] / "packages" / "durable-chatkit" / "tests" / "stalling_agent.py"
RESTARTS = 3


@pytest.fixture(scope="module")
def blocked(scripted_model: ScriptedModelServer) -> Iterator[Stack]:
    variables = {
        "TODO_AGENT_FACTORY": "stalling_agent:create",
        "OPENAI_BASE_URL": scripted_model.url,
        "TODO_AGENT_MODEL": "scripted",
    }
    yield from run_stack("blocked", variables, files=[AGENT])


@pytest.mark.timeout(300)
async def test_worker_blocking_message_fails_and_later_messages_run(
    blocked: Stack, scripted_model: ScriptedModelServer, sign_up: SignUp
) -> None:
    ada, bob = await sign_up(blocked), await sign_up(blocked)
    scripted_model.answer(Call("block", {}))
    async with ada.say("block") as stream:
        events = await stream.rest()

    scripted_model.answer(Say("Hello."))
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

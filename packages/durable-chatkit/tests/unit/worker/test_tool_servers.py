"""An agent's local MCP servers in a worker: shared by its runs, reconnected, closed with it."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from agents import (
    Agent,
    CodeInterpreterTool,
    FileSearchTool,
    HostedMCPTool,
    ImageGenerationTool,
    Tool,
    WebSearchTool,
)
from agents.mcp import MCPServerStdio
from worker_kit import Chat, Register

from todochat.testing import wait_until
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer

FACTORY = "adopter:agent"
PROGRAM = Path(__file__).parents[2] / "tools_server.py"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The MCP server's log: a line per start and call."""
    return tmp_path / "log"


@pytest.fixture(autouse=True)
def agent(register: Register, log: Path) -> Agent[Any]:
    """The adopter's agent; another one below it has the MCP server."""
    words = MCPServerStdio(
        {"command": sys.executable, "args": [str(PROGRAM), str(log)]}, name="words"
    )
    reader = Agent[Any](name="Reader", mcp_servers=[words])
    agent = Agent[Any](name="Front", handoffs=[reader])
    register(agent=agent, reader=reader)
    return agent


def lines(log: Path, kind: str) -> list[list[str]]:
    text = log.read_text() if log.exists() else ""
    return [words for line in text.splitlines() if (words := line.split())[0] == kind]


def look_up(word: str) -> Call:
    return Call("look_up", {"word": word})


@pytest.mark.parametrize(
    "wire", ["responses", pytest.param("chat_completions", marks=pytest.mark.slow)]
)
async def test_agent_below_uses_its_server(
    chat: Chat, model: ScriptedModelServer, log: Path, wire: str
) -> None:
    model.answer(Call("transfer_to_reader"))
    model.answer(look_up("durable"))
    model.answer(Say("It lasts."))
    worker = await chat.start_worker(factory=FACTORY, api=wire)

    run = await chat.ask("what is durable?")
    await worker.aclose(0)
    await chat.stack.aclose()

    assert await chat.wait_for_end(run) == "completed"
    assert [call[1] for call in lines(log, "look_up")] == ["durable"]
    assert "durable lasts" in str(model.requests[2].history)
    ((_, pid),) = lines(log, "started")
    await wait_until(lambda: not Path(f"/proc/{pid}").exists())


async def test_server_that_died_between_turns_is_started_again(
    chat: Chat, model: ScriptedModelServer, log: Path
) -> None:
    for word in ("one", "two"):
        model.answer(look_up(word))
        model.answer(Say(f"{word}."))
    await chat.start_worker(factory="adopter:reader")
    run = await chat.ask("one?")
    os.kill(int(lines(log, "started")[0][1]), signal.SIGKILL)

    last = await chat.ask("two?", run.thread_id)

    assert await chat.wait_for_end(last) == "completed"
    assert [call[1] for call in lines(log, "look_up")] == ["one", "two"]
    assert len(lines(log, "started")) == 2


async def test_model_gets_the_error_of_a_server_that_dies_during_a_call(
    chat: Chat, model: ScriptedModelServer, log: Path
) -> None:
    model.answer(Call("die"))
    model.answer(look_up("again"))
    model.answer(Say("Done."))
    await chat.start_worker(factory="adopter:reader")

    run = await chat.ask("try")

    assert await chat.wait_for_end(run) == "completed"
    assert "An error occurred while running the tool" in str(model.requests[1].history)
    assert [call[1] for call in lines(log, "look_up")] == ["again"]


async def test_takeover_does_not_repeat_a_finished_call(
    chat: Chat, model: ScriptedModelServer, log: Path
) -> None:
    gate = Gate()
    model.answer(look_up("once"))
    model.answer(gate)
    model.answer(Say("Done."))
    first = await chat.start_worker(factory="adopter:reader")
    run = await chat.say_until(gate, "look it up")

    await first.aclose(0)
    await chat.start_worker(factory="adopter:reader")

    assert await chat.wait_for_end(run) == "completed"
    assert [call[1] for call in lines(log, "look_up")] == ["once"]
    assert "once lasts" in str(model.requests[2].history)


async def test_unreachable_server_is_named_to_the_user_as_a_service(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    broken = MCPServerStdio({"command": sys.executable, "args": ["-c", "exit(1)"]}, name="words")
    register(agent=Agent[Any](name="Reader", mcp_servers=[broken]))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("look it up")

    assert await chat.wait_for_end(run) == "failed"
    assert (await chat.row(run))["error"] == "tools-unreachable"
    assert model.requests == []


async def test_hosted_tools_reach_the_model_server(
    chat: Chat, model: ScriptedModelServer, register: Register
) -> None:
    docs: Any = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://example.test/mcp",
        "require_approval": "never",
    }
    tools: list[Tool] = [
        WebSearchTool(),
        FileSearchTool(vector_store_ids=["vs_1"]),
        CodeInterpreterTool({"type": "code_interpreter", "container": {"type": "auto"}}),
        ImageGenerationTool({"type": "image_generation"}),
        HostedMCPTool(docs),
    ]
    register(agent=Agent[Any](name="Researcher", tools=tools))
    model.answer(Say("Found."))
    await chat.start_worker(factory=FACTORY)

    run = await chat.ask("search")

    assert await chat.wait_for_end(run) == "completed"
    assert [tool["type"] for tool in model.requests[0].body["tools"]] == [
        "web_search",
        "file_search",
        "code_interpreter",
        "image_generation",
        "mcp",
    ]

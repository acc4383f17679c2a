"""`todochat doctor` loads the adopter's entry point and asks the model for an answer."""

import asyncio
import os
from pathlib import Path

import pytest

from todochat.testing.model_server import Say, ScriptedModelServer
from todochat_local.doctor import examine_entry_point, examine_model

SOURCE = """
from agents import Agent

agent = Agent(name="Mine")


def broken():
    return None
"""


@pytest.fixture(autouse=True)
def adopter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the adopter's module."""
    (tmp_path / "mine.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("factory", "found", "is_good"),
    [
        ("mine:agent", "mine:agent is an Agent", True),
        (
            "mine:broken",
            "setting TODO_AGENT_FACTORY: mine:broken: the factory returned None",
            False,
        ),
        pytest.param("yours:agent", "there is no module 'yours'", False, marks=pytest.mark.slow),
    ],
)
def test_entry_point_is_named_or_rejected_in_one_line(
    factory: str, found: str, is_good: bool
) -> None:
    (finding,) = examine_entry_point({**os.environ, "TODO_AGENT_FACTORY": factory})

    assert found in finding.found
    assert (finding.hint == "") == is_good


def test_own_agent_of_the_service_is_not_examined() -> None:
    assert list(examine_entry_point({})) == []


@pytest.mark.parametrize(
    ("api", "status", "models", "found", "is_good"),
    [
        ("responses", 200, None, "'qwen9' at {url} responds", True),
        pytest.param(
            "chat_completions", 200, None, "'qwen9' at {url} responds", True, marks=pytest.mark.slow
        ),
        (
            "chat_completions",
            404,
            ["qwen3:latest", "llama"],
            "'qwen9' not found. Available: llama, qwen3:latest",
            False,
        ),
        pytest.param(
            "chat_completions", 404, ["qwen9:latest"], "failed: ", False, marks=pytest.mark.slow
        ),
        ("responses", 401, ["llama"], "failed: ", False),
    ],
)
async def test_model_check_names_the_problem(
    api: str, status: int, models: list[str] | None, found: str, is_good: bool
) -> None:
    async with ScriptedModelServer() as server:
        server.models = models
        if status == 200:
            server.answer(Say("Hello."))
        else:
            server.fail(status)
        environ = {**os.environ, "OPENAI_BASE_URL": server.url, "TODO_AGENT_MODEL": "qwen9"}

        finding = await asyncio.to_thread(examine_model, {**environ, "TODO_AGENT_API": api})

        assert found.format(url=server.url) in finding.found
        assert (finding.hint == "") == is_good
        assert server.requests[0].body["tools"]


def test_model_server_that_is_down_is_reported() -> None:
    environ = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "TODO_AGENT_MODEL": "m"}

    finding = examine_model({**os.environ, **environ})

    assert "http://127.0.0.1:1/v1 is unreachable" in finding.found
    assert finding.hint


def test_offline_assistant_is_not_asked() -> None:
    finding = examine_model({})

    assert "offline assistant" in finding.found
    assert not finding.hint

"""Factories of adopters' agents are loaded and checked."""

from typing import Any

import pytest
from agents import Agent

from durable_chatkit.agent.factory import AgentEnvironment, load_assistant
from todochat.settings import SettingsError


def plain_agent(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Plain")


def agent_with_handoff(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Front", handoffs=[Agent(name="Back")])


def agent_with_model_name(_environment: AgentEnvironment) -> Agent[Any]:
    return Agent(name="Named", model="gpt-x")


def no_agent(_environment: AgentEnvironment) -> str:
    return "an agent"


def test_adopters_agent_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    environment: Any = None
    with monkeypatch.context() as patch:
        _register(patch)

        assert load_assistant("adopter:plain_agent", environment).agent.name == "Plain"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("nowhere:create", "no function"),
        ("adopter:missing", "no function"),
        ("adopter:no_agent", "neither an agents.Agent nor an Assistant"),
        ("adopter:agent_with_handoff", "handoffs"),
        ("adopter:agent_with_model_name", "sets the model by name"),
    ],
)
def test_unsupported_agent_is_rejected_at_startup(
    spec: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment: Any = None
    _register(monkeypatch)

    with pytest.raises(SettingsError, match=reason):
        load_assistant(spec, environment)


def _register(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415 - used here only
    from types import ModuleType  # noqa: PLC0415 - used here only

    module = ModuleType("adopter")
    for function in (plain_agent, agent_with_handoff, agent_with_model_name, no_agent):
        setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, "adopter", module)

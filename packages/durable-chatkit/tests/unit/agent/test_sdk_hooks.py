"""Private names of openai-agents are used in the version they were written for."""

from importlib.metadata import version
from typing import Any

import pytest
from agents import (
    Agent,
    FunctionTool,
    RunContextWrapper,
    Tool,
    WebSearchTool,
    handoff,
    tool_namespace,
)
from agents._run_state_agent_identity import _build_agent_identity_keys_by_id
from agents._tool_identity import build_function_tool_lookup_map, resolve_tool_name_collisions
from agents.run_internal import run_loop, tool_execution, tool_use_tracker, turn_resolution
from agents.run_internal.turn_preparation import get_model

from durable_chatkit.agent.hook_check import check_hooks
from durable_chatkit.agent.sdk_hooks import SUPPORTED_VERSION, install


def test_installed_version_is_the_supported_version() -> None:
    """If this fails: compare the functions named in sdk_hooks.py, then change the constant."""
    assert version("openai-agents") == SUPPORTED_VERSION


async def test_sdk_calls_every_hook() -> None:
    install()

    await check_hooks()


async def test_worker_does_not_start_if_the_sdk_no_longer_calls_a_hook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install()
    monkeypatch.setattr(run_loop, "get_model", get_model)

    with pytest.raises(RuntimeError, match=r"openai-agents doesn't call .*run_loop\.get_model"):
        await check_hooks()


def test_hooks_are_installed_once() -> None:
    install()
    hook = run_loop.get_model

    install()

    assert run_loop.get_model is hook


@pytest.mark.parametrize("names", [("first", "second", "third"), ("first", "second", "second")])
def test_agents_have_the_identities_that_the_sdk_gives_them(names: tuple[str, ...]) -> None:
    first, *others = [Agent(name=name, instructions=str(n)) for n, name in enumerate(names)]
    first.handoffs = [*others]
    install()

    keys = vars(tool_use_tracker)["_build_agent_identity_keys_by_id"](first)

    assert keys == _build_agent_identity_keys_by_id(first)
    assert len(set(keys.values())) == 3


async def _run(_context: Any, _arguments: str) -> str:
    return "done"


def _tool(name: str, **options: Any) -> FunctionTool:
    schema = {"type": "object", "properties": {}}
    return FunctionTool(name, "", schema, _run, strict_json_schema=False, **options)


@pytest.mark.parametrize(
    "tools",
    [
        [],
        [_tool("add"), _tool("find")],
        [_tool("add"), WebSearchTool()],
        [_tool("add"), _tool("add")],
        [_tool("transfer"), _tool("find")],
        [_tool("add"), _tool("find", defer_loading=True)],
        tool_namespace(name="crm", description="Customers", tools=[_tool("add"), _tool("find")]),
    ],
    ids=["none", "plain", "hosted", "same name", "handoff's name", "deferred", "namespace"],
)
def test_tools_are_found_and_replaced_as_by_the_sdk(tools: list[Tool]) -> None:
    targets = [handoff(Agent(name="Second"), tool_name_override="transfer")]
    functions = [tool for tool in tools if isinstance(tool, FunctionTool)]
    install()

    kept = vars(run_loop)["resolve_tool_name_collisions"](tools, targets, collision_policy="warn")
    found = vars(turn_resolution)["build_function_tool_lookup_map"](functions)

    assert kept == resolve_tool_name_collisions(tools, targets, collision_policy="warn")
    assert found == build_function_tool_lookup_map(functions)


@pytest.mark.parametrize("is_enabled", [True, False])
async def test_tools_are_enabled_as_their_author_decides(is_enabled: bool) -> None:
    decided = _tool("decided", is_enabled=lambda _context, _agent: is_enabled)
    agent = Agent(name="First", tools=[_tool("always"), _tool("never", is_enabled=False), decided])
    install()

    enabled = await tool_execution.resolve_enabled_function_tools(agent, RunContextWrapper(None))

    assert [tool.name for tool in enabled] == ["always", *["decided"] * is_enabled]

"""Private names of openai-agents are used in the version they were written for."""

from importlib.metadata import version

import pytest
from agents import Agent
from agents._run_state_agent_identity import _build_agent_identity_keys_by_id
from agents.run_internal import run_loop, tool_use_tracker
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

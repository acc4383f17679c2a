"""Private names of openai-agents are used in the version they were written for."""

from importlib.metadata import version

import pytest
from agents.run_internal import run_loop
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

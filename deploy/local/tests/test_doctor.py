"""`todochat doctor` loads the adopter's entry point and names its kind."""

import os
from pathlib import Path

import pytest

from todochat_local.doctor import examine_entry_point

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
        ("yours:agent", "there is no module 'yours'", False),
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

"""The command line: errors exit with one line."""

import os
import sys

import pytest

from todo_agent.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["api"], "setting REDIS_URL is required"),
        (["migrate"], "setting CHAT_MIGRATION_DATABASE_URL is required"),
        (["import-threads", "-"], "setting CHAT_DATABASE_URL is required"),
        (
            [],
            "usage: python -m todo_agent api|worker|migrate|usage|import-threads|entry-point|check-model",
        ),
        (
            ["dance"],
            "usage: python -m todo_agent api|worker|migrate|usage|import-threads|entry-point|check-model",
        ),
    ],
)
def test_invalid_start_exits_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["todo_agent", *arguments])
    monkeypatch.setattr(os, "environ", {})

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{line}\n"
